package window

import (
	"context"

	"vmterminal/app"
	"vmterminal/app/doctor"
	"vmterminal/app/job"
	"vmterminal/app/problem"
)

// Service is the part of [app.Service] that the window and the tray use. Only WatchNotes,
// CheckOwner and Jobs are called on the main goroutine.
type Service interface {
	WatchNotes(show func(problem.Note))
	CheckOwner() error
	Prepare(ctx context.Context)
	VMs(ctx context.Context) (list []app.VM, notes []string, err error)
	DefaultVM(ctx context.Context, name string) (app.NewVM, error)
	CreateVM(ctx context.Context, n app.NewVM) (app.VM, error)
	Systems() []app.System
	FindImage(ctx context.Context, distro, release string) (app.FoundImage, error)
	CreateFromImage(ctx context.Context, n app.NewVM) (*job.Job[app.VM], error)
	CreateDebian(ctx context.Context, n app.NewVM, release string) (*job.Job[app.VM], error)
	DeleteVM(ctx context.Context, name string, data bool) error
	UseVM(ctx context.Context, name string) error
	SetVM(ctx context.Context, name string, to app.VMSettings) (app.VM, error)
	SetAutomatic(ctx context.Context, vmName string, a app.Automatic) (app.VM, error)
	RenameVM(ctx context.Context, name, to string) (app.VM, error)
	CloneVM(ctx context.Context, name string, n app.NewVM) (*job.Job[app.VM], error)
	Start(ctx context.Context, name string, opt app.StartOptions) error
	Pause(ctx context.Context, name string) error
	Resume(ctx context.Context, name string) error
	Stop(ctx context.Context, name string, opt app.StopOptions, report func(app.StopStep)) error
	Programs(ctx context.Context, name string) ([]string, error)
	Console(ctx context.Context, name string) (app.Console, error)
	Shell(ctx context.Context, name string, size app.TerminalSize) (app.Shell, error)
	LastConsole(ctx context.Context, name string) ([]byte, error)
	Snapshots(ctx context.Context, vm string) (app.SnapshotList, error)
	CreateSnapshot(ctx context.Context, vm string, n app.NewSnapshot) (*job.Job[app.Snapshot], error)
	RestoreSnapshot(ctx context.Context, vm, name string, opt app.RestoreOptions) (*job.Job[app.Restored], error)
	UndoRestore(ctx context.Context, vm string, opt app.RestoreOptions) (*job.Job[app.Undone], error)
	DiscardUndo(ctx context.Context, vm string) (freed int64, err error)
	DeleteSnapshot(ctx context.Context, vm, name string) error
	RenameSnapshot(ctx context.Context, vm, old, name string) error
	DescribeSnapshot(ctx context.Context, vm, name, description string) error
	PinSnapshot(ctx context.Context, vm, name string, pinned bool) error
	VerifySnapshot(ctx context.Context, vm, name string, quick bool) (*job.Job[app.Verified], error)
	VerifySnapshots(ctx context.Context, vm string, names []string, quick bool, begun func(name string, verifying *job.Job[app.Verified], err error) bool) error
	CloneSnapshot(ctx context.Context, vm, name string, n app.NewVM) (*job.Job[app.VM], error)
	ExportSnapshotFile(ctx context.Context, vm, name, path string) (*job.Job[app.Snapshot], error)
	ImportSnapshot(vm, from, name string) (*job.Job[app.Snapshot], error)
	Doctor(ctx context.Context) []doctor.Finding
	Storage(ctx context.Context) (app.Storage, error)
	HostSize() app.HostSize
	Jobs() []*job.Handle
	JobHistory(ctx context.Context, most int) ([]app.EndedJob, error)
	Changes(ctx context.Context) <-chan struct{}
}

var _ Service = (*app.Service)(nil)

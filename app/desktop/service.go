package desktop

import (
	"context"

	"vmterminal/app"
)

// Service is what window and tray ask for; app.Service is it. None of its
// methods is called on the main goroutine, but Jobs.
type Service interface {
	Prepare(ctx context.Context)
	VMs(ctx context.Context) (list []app.VM, notes []string, err error)
	DefaultVM(ctx context.Context, name string) (app.NewVM, error)
	CreateVM(ctx context.Context, n app.NewVM) (app.VM, error)
	Systems() []app.System
	FindImage(ctx context.Context, distro, release string) (app.FoundImage, error)
	CreateFromImage(ctx context.Context, n app.NewVM) (*app.Job, error)
	CreateDebian(ctx context.Context, n app.NewVM, release string) (*app.Job, error)
	DeleteVM(ctx context.Context, name string, data bool) error
	UseVM(ctx context.Context, name string) error
	SetVM(ctx context.Context, name string, to app.VMSettings) (app.VM, error)
	SetAutomatic(ctx context.Context, vmName string, a app.Automatic) (app.VM, error)
	RenameVM(ctx context.Context, name, to string) (app.VM, error)
	CloneVM(ctx context.Context, name string, n app.NewVM) (*app.Job, error)
	Start(ctx context.Context, name string, opt app.StartOptions) error
	Pause(ctx context.Context, name string) error
	Resume(ctx context.Context, name string) error
	Stop(ctx context.Context, name string, opt app.StopOptions, say func(string)) error
	Console(ctx context.Context, name string) (app.Console, error)
	Shell(ctx context.Context, name string, size app.TerminalSize) (app.Shell, error)
	LastConsole(ctx context.Context, name string) ([]byte, error)
	Snapshots(ctx context.Context, vm string) (app.SnapshotList, error)
	CreateSnapshot(ctx context.Context, vm string, n app.NewSnapshot) (*app.Job, error)
	RestoreSnapshot(ctx context.Context, vm, name string, opt app.RestoreOptions) (*app.Job, error)
	UndoRestore(ctx context.Context, vm string, opt app.RestoreOptions) (*app.Job, error)
	DiscardUndo(ctx context.Context, vm string) (freed int64, err error)
	DeleteSnapshot(ctx context.Context, vm, name string) error
	RenameSnapshot(ctx context.Context, vm, old, name string) error
	DescribeSnapshot(ctx context.Context, vm, name, description string) error
	PinSnapshot(ctx context.Context, vm, name string, pinned bool) error
	VerifySnapshot(ctx context.Context, vm, name string, quick bool) (*app.Job, error)
	CloneSnapshot(ctx context.Context, vm, name string, n app.NewVM) (*app.Job, error)
	ExportSnapshotFile(ctx context.Context, vm, name, path string) (*app.Job, error)
	ImportSnapshot(vm, from, name string) (*app.Job, error)
	Doctor(ctx context.Context) []app.Check
	Storage(ctx context.Context) (app.Storage, error)
	HostSize() app.HostSize
	Jobs() []*app.Job
	JobHistory(ctx context.Context, most int) ([]app.EndedJob, error)
	Changes(ctx context.Context) <-chan struct{}
}

var _ Service = (*app.Service)(nil)

// Options is what the window is told beside the Service.
type Options struct {
	// Version is the program's, for "About".
	Version string
}

package window

import (
	"context"

	"vmterminal/app"
	"vmterminal/app/doctor"
	"vmterminal/app/job"
	"vmterminal/app/problem"
)

// Service is the part of [app.Service] that the window and the tray use, by subject. A part of
// the window takes only the interface that it uses. Only WatchNotes, CheckOwner and Jobs are
// called on the main goroutine.
type Service interface {
	storeOpener
	storeReader
	vmCreator
	vmService
	powerService
	programService
	terminalService
	snapshotService
	snapshotEditor
	storageService
	jobService
	hostChecker
}

// storeOpener prepares the store when the window opens.
type storeOpener interface {
	WatchNotes(show func(problem.Note))
	CheckOwner() error
	Prepare(ctx context.Context)
}

// storeReader lists what the window shows of the store.
type storeReader interface {
	VMs(ctx context.Context) (list []app.VM, notes []string, err error)
	Snapshots(ctx context.Context, vm string) (app.SnapshotList, error)
	Changes(ctx context.Context) <-chan struct{}
}

// vmCreator creates VMs with the built-in guest.
type vmCreator interface {
	CreateVM(ctx context.Context, n app.NewVM) (app.VM, error)
}

// vmService creates, changes and deletes VMs.
type vmService interface {
	vmCreator
	DefaultVM(ctx context.Context, name string) (app.NewVM, error)
	HostSize() app.HostSize
	Systems() []app.System
	FindImage(ctx context.Context, distro, release string) (app.FoundImage, error)
	CreateFromImage(ctx context.Context, n app.NewVM) (*job.Job[app.VM], error)
	CreateDebian(ctx context.Context, n app.NewVM, release string) (*job.Job[app.VM], error)
	CloneVM(ctx context.Context, name string, n app.NewVM) (*job.Job[app.VM], error)
	CloneSnapshot(ctx context.Context, vm, name string, n app.NewVM) (*job.Job[app.VM], error)
	KeepVM(ctx context.Context, name string) (app.VM, error)
	UseVM(ctx context.Context, name string) error
	SetVM(ctx context.Context, name string, to app.VMSettings) (app.VM, error)
	SetAutomatic(ctx context.Context, vmName string, a app.Automatic) (app.VM, error)
	RenameVM(ctx context.Context, name, to string) (app.VM, error)
	DeleteVM(ctx context.Context, name string, data bool) error
}

// powerService starts, stops and pauses VMs.
type powerService interface {
	Start(ctx context.Context, name string, opt app.StartOptions) error
	Pause(ctx context.Context, name string) error
	Resume(ctx context.Context, name string) error
	Stop(ctx context.Context, name string, opt app.StopOptions, report func(app.StopStep)) error
}

// programService lists the programs in the terminals of guests.
type programService interface {
	Programs(ctx context.Context, name string) ([]string, error)
}

// terminalService opens consoles and shells.
type terminalService interface {
	Console(ctx context.Context, name string) (app.Console, error)
	Shell(ctx context.Context, name string, size app.TerminalSize) (app.Shell, error)
	LastConsole(ctx context.Context, name string) ([]byte, error)
}

// snapshotService takes, restores, moves and deletes snapshots.
type snapshotService interface {
	CreateSnapshot(ctx context.Context, vm string, n app.NewSnapshot) (*job.Job[app.Snapshot], error)
	RestoreSnapshot(ctx context.Context, vm, name string, opt app.RestoreOptions) (*job.Job[app.Restored], error)
	UndoRestore(ctx context.Context, vm string, opt app.RestoreOptions) (*job.Job[app.Undone], error)
	DiscardUndo(ctx context.Context, vm string) (freed int64, err error)
	DeleteSnapshot(ctx context.Context, vm, name string) error
	ExportSnapshotFile(ctx context.Context, vm, name, path string) (*job.Job[app.Snapshot], error)
	ImportSnapshot(vm, from, name string) (*job.Job[app.Snapshot], error)
}

// snapshotEditor changes the names and properties of snapshots, verifies and tries them.
type snapshotEditor interface {
	RenameSnapshot(ctx context.Context, vm, old, name string) error
	DescribeSnapshot(ctx context.Context, vm, name, description string) error
	PinSnapshot(ctx context.Context, vm, name string, pinned bool) error
	BootSnapshot(ctx context.Context, vm, name string, opt app.BootOptions) (*job.Job[app.VM], error)
	VerifySnapshot(ctx context.Context, vm, name string, quick bool) (*job.Job[app.Verified], error)
	VerifySnapshots(ctx context.Context, vm string, names []string, opt app.VerifyOptions, begun func(name string, verifying *job.Job[app.Verified], err error) bool) error
}

// storageService reports the disk usage and past jobs.
type storageService interface {
	Storage(ctx context.Context) (app.Storage, error)
	JobHistory(ctx context.Context, most int) ([]app.EndedJob, error)
}

// jobService lists running jobs.
type jobService interface {
	Jobs() []*job.Handle
}

// hostChecker checks whether the host meets the requirements of VMs.
type hostChecker interface {
	Doctor(ctx context.Context) []doctor.Finding
}

var _ Service = (*app.Service)(nil)

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
	DeleteVM(ctx context.Context, name string, data bool) error
	UseVM(ctx context.Context, name string) error
	Start(ctx context.Context, name string, opt app.StartOptions) error
	Stop(ctx context.Context, name string, opt app.StopOptions, say func(string)) error
	Console(ctx context.Context, name string) (app.Console, error)
	LastConsole(ctx context.Context, name string) ([]byte, error)
	Snapshots(ctx context.Context, vm string) (app.SnapshotList, error)
	CreateSnapshot(ctx context.Context, vm string, n app.NewSnapshot) (*app.Job, error)
	RestoreSnapshot(ctx context.Context, vm, name string, opt app.RestoreOptions) (*app.Job, error)
	UndoRestore(ctx context.Context, vm string, opt app.RestoreOptions) (*app.Job, error)
	DeleteSnapshot(ctx context.Context, vm, name string) error
	Jobs() []*app.Job
	Changes(ctx context.Context) <-chan struct{}
}

var _ Service = (*app.Service)(nil)

// Options is what the window is told beside the Service.
type Options struct {
	// Version is the program's, for "About".
	Version string
}

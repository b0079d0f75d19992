// Package usecase runs the program's use cases, each given as a line of words, and creates disks for
// them. The tests run it in another process before a power cut, and directly after it.
package usecase

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"vmterminal/app"
	"vmterminal/app/job"
	"vmterminal/snapshot/durable"
	"vmterminal/vm/home"
)

// Open returns a Service for a store. It does not start supervisors; its guest is only a disk.
func Open(root string) *app.Service {
	return app.New(app.Options{Home: home.Dir(root), Version: "torture", Guest: app.BuiltinGuest{
		WriteDisk: func(_ context.Context, f *os.File, _ int64) error { return writeDisk(f, "fresh") },
	}})
}

// A useCase implements a use case. args is the number of words after its name.
type useCase struct {
	args int
	run  func(svc *app.Service, args []string) error
}

const (
	// VM is the VM whose snapshots are used.
	VM = "dev"
	// Exported is the file in the store that a snapshot is exported to.
	Exported = "exported.raw.gz"
	// AnyJSON is the file in the store that represents all other JSON files.
	AnyJSON = "any.json"
)

var useCases = map[string]useCase{
	"create": {1, func(svc *app.Service, args []string) error {
		return waitJob(svc.CreateSnapshot(ctx, VM, app.NewSnapshot{Name: args[0], Description: "as taken"}))
	}},
	"describe": {2, func(svc *app.Service, args []string) error {
		return svc.DescribeSnapshot(ctx, VM, args[0], args[1])
	}},
	"pin":    {1, func(svc *app.Service, args []string) error { return svc.PinSnapshot(ctx, VM, args[0], true) }},
	"unpin":  {1, func(svc *app.Service, args []string) error { return svc.PinSnapshot(ctx, VM, args[0], false) }},
	"rename": {2, func(svc *app.Service, args []string) error { return svc.RenameSnapshot(ctx, VM, args[0], args[1]) }},
	"delete": {1, func(svc *app.Service, args []string) error { return svc.DeleteSnapshot(ctx, VM, args[0]) }},
	"prune": {0, func(svc *app.Service, _ []string) error {
		_, err := svc.PruneSnapshots(ctx, VM, app.Keep{Last: 1}, false)
		return err
	}},
	"restore": {1, func(svc *app.Service, args []string) error {
		return waitJob(svc.RestoreSnapshot(ctx, VM, args[0], app.RestoreOptions{}))
	}},
	"restore-lazy": {1, func(svc *app.Service, args []string) error {
		return waitJob(svc.RestoreSnapshot(ctx, VM, args[0], app.RestoreOptions{Lazy: true}))
	}},
	"restore-written": {1, func(svc *app.Service, args []string) error { return restoreWritten(svc, args[0]) }},
	"undo": {0, func(svc *app.Service, _ []string) error {
		return waitJob(svc.UndoRestore(ctx, VM, app.RestoreOptions{}))
	}},
	"discard": {0, func(svc *app.Service, _ []string) error {
		_, err := svc.DiscardUndo(ctx, VM)
		return err
	}},
	"verify": {1, func(svc *app.Service, args []string) error {
		return waitJob(svc.VerifySnapshot(ctx, VM, args[0], false))
	}},
	"import": {2, func(svc *app.Service, args []string) error { return waitJob(svc.ImportSnapshot(VM, args[0], args[1])) }},
	"export": {1, func(svc *app.Service, args []string) error {
		return waitJob(svc.ExportSnapshotFile(ctx, VM, args[0], filepath.Join(string(svc.Home()), Exported)))
	}},
	"clone": {2, func(svc *app.Service, args []string) error {
		return waitJob(svc.CloneSnapshot(ctx, VM, args[0], app.NewVM{Name: args[1]}))
	}},
	"vm-create": {1, func(svc *app.Service, args []string) error {
		_, err := svc.CreateVM(ctx, app.NewVM{Name: args[0]})
		return err
	}},
	"vm-reuse": {1, func(svc *app.Service, args []string) error {
		_, err := svc.CreateVM(ctx, app.NewVM{Name: args[0], Adopt: true})
		return err
	}},
	"vm-from-image": {2, func(svc *app.Service, args []string) error {
		return waitJob(svc.CreateFromImage(ctx, app.NewVM{Name: args[0], Image: args[1], DiskSizeMB: DiskSize / mib}))
	}},
	"image-import": {2, func(svc *app.Service, args []string) error {
		return waitJob(svc.ImportImage(ctx, args[0], args[1], false))
	}},
	"image-remove": {1, func(svc *app.Service, args []string) error {
		_, err := svc.RemoveImage(ctx, args[0])
		return err
	}},
	"vm-rename": {2, func(svc *app.Service, args []string) error {
		_, err := svc.RenameVM(ctx, args[0], args[1])
		return err
	}},
	"vm-clone": {2, func(svc *app.Service, args []string) error {
		return waitJob(svc.CloneVM(ctx, args[0], app.NewVM{Name: args[1]}))
	}},
	"vm-cpus": {1, func(svc *app.Service, args []string) error {
		cpus := 3
		_, err := svc.SetVM(ctx, args[0], app.VMSettings{CPUs: &cpus})
		return err
	}},
	"vm-use":    {1, func(svc *app.Service, args []string) error { return svc.UseVM(ctx, args[0]) }},
	"vm-delete": {1, func(svc *app.Service, args []string) error { return svc.DeleteVM(ctx, args[0], false) }},
	"vm-purge":  {1, func(svc *app.Service, args []string) error { return svc.DeleteVM(ctx, args[0], true) }},
	// All other files are JSON and are written in the same way.
	"json": {1, func(svc *app.Service, args []string) error {
		return durable.ReplaceJSON(filepath.Join(string(svc.Home()), AnyJSON), map[string]string{"text": args[0]})
	}},
	// Writes of the guest. They are not use cases, and not atomic.
	"disk": {1, func(svc *app.Service, args []string) error {
		f, err := os.OpenFile(svc.Home().VM(VM).Disk(), os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		memory := durable.Replace(svc.Home().VM(VM).Firmware(), func(w io.Writer) error {
			_, err := w.Write(FirmwareVars(args[0]))
			return err
		})
		return errors.Join(writeDisk(f, args[0]), f.Sync(), f.Close(), memory)
	}},
}

var ctx = context.Background()

// Run runs a use case and returns when it is done.
func Run(svc *app.Service, words ...string) error {
	if len(words) == 0 {
		return errors.New("nothing to do")
	}
	d, ok := useCases[words[0]]
	if !ok || len(words) != d.args+1 {
		return fmt.Errorf("%q is no use case", words)
	}
	return d.run(svc, words[1:])
}

func waitJob[T any](j *job.Job[T], err error) error {
	if err != nil {
		return err
	}
	return j.Wait(ctx)
}

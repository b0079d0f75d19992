// Package usecase does what the program is for, one thing for each line of
// words, and has disks to do it with. The tests tell another process to do so
// before a power cut, and do so themselves after it.
package usecase

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"vmterminal/app"
	"vmterminal/app/ondisk"
)

// Open returns the program on a home. It starts no host process, and its guest
// is a Disk.
func Open(home string) *app.Service {
	return app.New(app.Options{Home: ondisk.Home(home), Version: "torture", Guest: app.BuiltinGuest{
		WriteDisk: func(_ context.Context, f *os.File, _ int64) error { return writeDisk(f, "fresh") },
	}})
}

// A deed is what one word stands for; args are the words after it.
type deed struct {
	args int
	do   func(svc *app.Service, args []string) error
}

const (
	// VM is the one whose snapshots are meant.
	VM = "dev"
	// Exported is the file in the home that a snapshot is exported to.
	Exported = "exported.raw.gz"
	// AnyJSON is the file in the home that stands for all others of ours.
	AnyJSON = "any.json"
)

var deeds = map[string]deed{
	"create": {1, func(svc *app.Service, args []string) error {
		job, err := svc.CreateSnapshot(ctx, VM, app.NewSnapshot{Name: args[0], Description: "as taken"})
		return wait(job, err)
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
		return wait(svc.RestoreSnapshot(ctx, VM, args[0], app.RestoreOptions{}))
	}},
	"undo": {0, func(svc *app.Service, _ []string) error { return wait(svc.UndoRestore(ctx, VM, app.RestoreOptions{})) }},
	"discard": {0, func(svc *app.Service, _ []string) error {
		_, err := svc.DiscardUndo(ctx, VM)
		return err
	}},
	"verify": {1, func(svc *app.Service, args []string) error { return wait(svc.VerifySnapshot(ctx, VM, args[0], false)) }},
	"import": {2, func(svc *app.Service, args []string) error { return wait(svc.ImportSnapshot(VM, args[0], args[1])) }},
	"export": {1, func(svc *app.Service, args []string) error {
		return wait(svc.ExportSnapshotFile(ctx, VM, args[0], filepath.Join(string(svc.Home()), Exported)))
	}},
	"clone": {2, func(svc *app.Service, args []string) error {
		return wait(svc.CloneSnapshot(ctx, VM, args[0], app.NewVM{Name: args[1]}))
	}},
	"vm-create": {1, func(svc *app.Service, args []string) error {
		_, err := svc.CreateVM(ctx, app.NewVM{Name: args[0]})
		return err
	}},
	"vm-adopt": {1, func(svc *app.Service, args []string) error {
		_, err := svc.CreateVM(ctx, app.NewVM{Name: args[0], Adopt: true})
		return err
	}},
	"vm-of-image": {2, func(svc *app.Service, args []string) error {
		return wait(svc.CreateFromImage(ctx, app.NewVM{Name: args[0], Image: args[1], DiskSizeMB: DiskSize / mib}))
	}},
	"image-import": {2, func(svc *app.Service, args []string) error { return wait(svc.ImportImage(ctx, args[0], args[1])) }},
	"image-remove": {1, func(svc *app.Service, args []string) error {
		_, err := svc.RemoveImage(ctx, args[0])
		return err
	}},
	"vm-rename": {2, func(svc *app.Service, args []string) error {
		_, err := svc.RenameVM(ctx, args[0], args[1])
		return err
	}},
	"vm-copy": {2, func(svc *app.Service, args []string) error {
		return wait(svc.CloneVM(ctx, args[0], app.NewVM{Name: args[1]}))
	}},
	"vm-cpus": {1, func(svc *app.Service, args []string) error {
		cpus := 3
		_, err := svc.SetVM(ctx, args[0], app.VMSettings{CPUs: &cpus})
		return err
	}},
	"vm-use":    {1, func(svc *app.Service, args []string) error { return svc.UseVM(ctx, args[0]) }},
	"vm-delete": {1, func(svc *app.Service, args []string) error { return svc.DeleteVM(ctx, args[0], false) }},
	"vm-erase":  {1, func(svc *app.Service, args []string) error { return svc.DeleteVM(ctx, args[0], true) }},
	// Every other file of ours is JSON written in this one way.
	"json": {1, func(svc *app.Service, args []string) error {
		return ondisk.ReplaceJSON(filepath.Join(string(svc.Home()), AnyJSON), map[string]string{"text": args[0]})
	}},
	// What the guest does; not a use case, and not atomic.
	"disk": {1, func(svc *app.Service, args []string) error {
		f, err := os.OpenFile(svc.Home().VM(VM).Disk(), os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		memory := ondisk.Replace(svc.Home().VM(VM).Firmware(), func(w io.Writer) error {
			_, err := w.Write(Memory(args[0]))
			return err
		})
		return errors.Join(writeDisk(f, args[0]), f.Sync(), f.Close(), memory)
	}},
}

var ctx = context.Background()

// Do does what the words say, and returns when it is done.
func Do(svc *app.Service, words ...string) error {
	if len(words) == 0 {
		return errors.New("nothing to do")
	}
	d, ok := deeds[words[0]]
	if !ok || len(words) != d.args+1 {
		return fmt.Errorf("%q is no use case", words)
	}
	return d.do(svc, words[1:])
}

func wait(job *app.Job, err error) error {
	if err != nil {
		return err
	}
	return job.Wait(ctx)
}

package window

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"vmterminal/app"
	"vmterminal/app/job"
)

func (f *fakeService) CreateSnapshot(_ context.Context, vm string, n app.NewSnapshot) (*job.Job[app.Snapshot], error) {
	if err := f.called("CreateSnapshot", vm+" "+n.Name); err != nil {
		return nil, err
	}
	return runFakeJob(f, job.Snapshot, vm, n.Name, func() (app.Snapshot, error) {
		s := app.Snapshot{
			Name: n.Name, Description: n.Description, VM: vm, Created: time.Now(), DiskSize: 10 << 30,
			FileSize: 28 << 20, Digest: "sha256:0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0",
			Taken: "frozen", FrozenFor: 12 * time.Millisecond, State: "ok",
		}
		f.change(func() {
			if f.snapshots == nil {
				f.snapshots = map[string][]app.Snapshot{}
			}
			f.snapshots[vm] = append([]app.Snapshot{s}, f.snapshots[vm]...)
		})
		return s, nil
	}), nil
}

func (f *fakeService) RestoreSnapshot(_ context.Context, vm, name string, opt app.RestoreOptions) (*job.Job[app.Restored], error) {
	if err := f.called("RestoreSnapshot", strings.TrimSpace(fmt.Sprint(vm, " ", name, " ", opt.Stop, opt.Start, " ", opt.SaveUndo))); err != nil {
		return nil, err
	}
	return runFakeJob(f, job.Restore, vm, name, func() (app.Restored, error) {
		if opt.Stop {
			f.stop(vm)
		}
		f.change(func() {
			for i := range f.snapshots[vm] {
				f.snapshots[vm][i].IsCurrent = f.snapshots[vm][i].Name == name
			}
		})
		if opt.Start {
			return app.Restored{Undo: "undo"}, f.Start(context.Background(), vm, app.StartOptions{})
		}
		return app.Restored{Undo: "undo"}, nil
	}), nil
}

func (f *fakeService) UndoRestore(_ context.Context, vm string, opt app.RestoreOptions) (*job.Job[app.Undone], error) {
	if err := f.called("UndoRestore", fmt.Sprint(vm, " ", opt.Stop, opt.Start)); err != nil {
		return nil, err
	}
	return runFakeJob(f, job.Undo, vm, "", func() (app.Undone, error) {
		if opt.Stop {
			f.stop(vm)
		}
		if opt.Start {
			return app.Undone{}, f.Start(context.Background(), vm, app.StartOptions{})
		}
		return app.Undone{}, nil
	}), nil
}

func (f *fakeService) DeleteSnapshot(_ context.Context, vm, name string) error {
	if err := f.called("DeleteSnapshot", vm+" "+name); err != nil {
		return err
	}
	f.change(func() {
		f.snapshots[vm] = slices.DeleteFunc(f.snapshots[vm], func(s app.Snapshot) bool { return s.Name == name })
	})
	return nil
}

func (f *fakeService) DiscardUndo(_ context.Context, vm string) (int64, error) {
	if err := f.called("DiscardUndo", vm); err != nil {
		return 0, err
	}
	f.change(func() { f.find(vm).UndoUsed = 0 })
	return 0, nil
}

func (f *fakeService) edit(method, vm, name, to string, change func(*app.Snapshot)) error {
	if err := f.called(method, vm+" "+name+" "+to); err != nil {
		return err
	}
	f.change(func() {
		for i := range f.snapshots[vm] {
			if f.snapshots[vm][i].Name == name {
				change(&f.snapshots[vm][i])
			}
		}
	})
	return nil
}

func (f *fakeService) RenameSnapshot(_ context.Context, vm, old, name string) error {
	return f.edit("RenameSnapshot", vm, old, name, func(s *app.Snapshot) { s.Name = name })
}

func (f *fakeService) DescribeSnapshot(_ context.Context, vm, name, description string) error {
	return f.edit("DescribeSnapshot", vm, name, description, func(s *app.Snapshot) { s.Description = description })
}

func (f *fakeService) PinSnapshot(_ context.Context, vm, name string, pinned bool) error {
	return f.edit("PinSnapshot", vm, name, fmt.Sprint(pinned), func(s *app.Snapshot) { s.Pinned = pinned })
}

func (f *fakeService) VerifySnapshot(_ context.Context, vm, name string, _ bool) (*job.Job[app.Verified], error) {
	if err := f.called("VerifySnapshot", vm+" "+name); err != nil {
		return nil, err
	}
	return runFakeJob(f, job.Verify, vm, name, func() (app.Verified, error) {
		return app.Verified{VM: vm, Name: name, Compared: app.ComparedAll}, nil
	}), nil
}

func (f *fakeService) VerifySnapshots(ctx context.Context, vm string, names []string, opt app.VerifyOptions, begun func(string, *job.Job[app.Verified], error) bool) error {
	for _, name := range names {
		verifying, err := f.VerifySnapshot(ctx, vm, name, opt.Quick)
		if !begun(name, verifying, err) {
			break
		}
	}
	return nil
}

func (f *fakeService) ExportSnapshotFile(_ context.Context, vm, name, path string) (*job.Job[app.Snapshot], error) {
	if err := f.called("ExportSnapshotFile", vm+" "+name+" "+path); err != nil {
		return nil, err
	}
	return runFakeJob(f, job.Export, vm, name, func() (app.Snapshot, error) { return app.Snapshot{Name: name, FileSize: 1 << 20}, nil }), nil
}

func (f *fakeService) ImportSnapshot(vm, from, name string) (*job.Job[app.Snapshot], error) {
	if err := f.called("ImportSnapshot", vm+" "+from+" "+name); err != nil {
		return nil, err
	}
	return runFakeJob(f, job.Import, vm, name, func() (app.Snapshot, error) { return app.Snapshot{Name: name, FileSize: 1 << 20}, nil }), nil
}

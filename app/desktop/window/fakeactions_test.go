package window

import (
	"context"
	"fmt"
	"slices"

	"vmterminal/app"
	"vmterminal/app/doctor"
	"vmterminal/app/job"
)

// This file contains the methods of fakeService that menus and dialogs call.

func (f *fakeService) SetVM(_ context.Context, name string, to app.VMSettings) (app.VM, error) {
	if err := f.called("SetVM", name); err != nil {
		return app.VM{}, err
	}
	f.change(func() {
		v := f.find(name)
		if to.CPUs != nil {
			v.CPUs = *to.CPUs
		}
		if to.MemoryMB != nil {
			v.MemoryMB = *to.MemoryMB
		}
		if to.DiskSizeMB != nil {
			v.DiskSize = int64(*to.DiskSizeMB) << 20
		}
		if to.Accel != nil {
			v.Accel = *to.Accel
		}
		if to.Isolated != nil {
			v.Isolated = *to.Isolated
		}
		v.Forwards = slices.DeleteFunc(v.Forwards, func(f app.Forward) bool { return slices.Contains(to.Unforward, f.Host) })
		v.Forwards = append(v.Forwards, to.Forward...)
		v.Shares = slices.DeleteFunc(v.Shares, func(s app.Share) bool {
			return slices.Contains(to.Unshare, s.Path) || slices.ContainsFunc(to.Share, func(o app.Share) bool { return o.Path == s.Path })
		})
		v.Shares = append(v.Shares, to.Share...)
	})
	return app.VM{}, nil
}

func (f *fakeService) SetAutomatic(_ context.Context, name string, a app.Automatic) (app.VM, error) {
	if err := f.called("SetAutomatic", fmt.Sprint(name, " ", a.Every, " ", a.Keep)); err != nil {
		return app.VM{}, err
	}
	f.change(func() { f.find(name).Automatic = app.AutomaticState{Automatic: a} })
	return app.VM{}, nil
}

func (f *fakeService) RenameVM(_ context.Context, name, to string) (app.VM, error) {
	if err := f.called("RenameVM", name+" "+to); err != nil {
		return app.VM{}, err
	}
	f.change(func() { f.find(name).Name = to })
	return app.VM{}, nil
}

func (f *fakeService) Pause(_ context.Context, name string) error {
	return f.turn("Pause", name, app.Paused)
}

func (f *fakeService) Resume(_ context.Context, name string) error {
	return f.turn("Resume", name, app.Running)
}

func (f *fakeService) turn(method, name string, to app.VMState) error {
	if err := f.called(method, name); err != nil {
		return err
	}
	f.change(func() { f.find(name).State = to })
	return nil
}

func (f *fakeService) CloneVM(_ context.Context, name string, n app.NewVM) (*job.Job[app.VM], error) {
	return f.copied("CloneVM", name, n.Name)
}

func (f *fakeService) CloneSnapshot(_ context.Context, vm, name string, n app.NewVM) (*job.Job[app.VM], error) {
	return f.copied("CloneSnapshot", vm+" "+name, n.Name)
}

func (f *fakeService) copied(method, from, to string) (*job.Job[app.VM], error) {
	if err := f.called(method, from+" "+to); err != nil {
		return nil, err
	}
	return runFakeJob(f, job.Clone, to, from, func() (app.VM, error) {
		v := app.VM{Name: to, State: app.Stopped}
		f.change(func() { f.vms = append(f.vms, v) })
		return v, nil
	}), nil
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

func (f *fakeService) VerifySnapshots(ctx context.Context, vm string, names []string, quick bool, begun func(string, *job.Job[app.Verified], error) bool) error {
	for _, name := range names {
		verifying, err := f.VerifySnapshot(ctx, vm, name, quick)
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

func (f *fakeService) Doctor(context.Context) []doctor.Finding {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.findings)
}

func (f *fakeService) Storage(context.Context) (app.Storage, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := app.Storage{Free: 20 << 30, Total: 100 << 30, Images: 3 << 30}
	for _, v := range f.vms {
		row := app.VMStorage{VM: v.Name, Disk: v.DiskUsed, Undo: v.UndoUsed, Snapshots: f.snapshots[v.Name]}
		for _, s := range row.Snapshots {
			row.Files += s.FileSize
		}
		all.VMs = append(all.VMs, row)
	}
	return all, f.fails["Storage"]
}

func (f *fakeService) JobHistory(context.Context, int) ([]app.EndedJob, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.history), f.fails["JobHistory"]
}

func (f *fakeService) Systems() []app.System {
	return []app.System{{Name: "alpine", About: "small"}, {Name: "debian", About: "stable"}}
}

func (f *fakeService) FindImage(_ context.Context, distro, release string) (app.FoundImage, error) {
	return app.FoundImage{Name: distro + ":newest", Note: f.imageNote}, f.called("FindImage", distro+" "+release)
}

func (f *fakeService) CreateFromImage(_ context.Context, n app.NewVM) (*job.Job[app.VM], error) {
	of := n.Image
	if n.Found != nil {
		of = n.Found.Name
	}
	if n.UEFI {
		of += ":UEFI"
	}
	return f.copied("CreateFromImage", of, n.Name)
}

func (f *fakeService) CreateDebian(_ context.Context, n app.NewVM, release string) (*job.Job[app.VM], error) {
	return f.copied("CreateDebian", release, n.Name)
}

func (f *fakeService) HostSize() app.HostSize {
	return app.HostSize{CPUs: 8, MemoryMB: 16384, FreeDisk: 20 << 30}
}

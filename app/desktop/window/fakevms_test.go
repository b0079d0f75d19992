package window

import (
	"context"
	"fmt"
	"slices"
	"time"

	"vmterminal/app"
	"vmterminal/app/job"
)

func (f *fakeService) find(name string) *app.VM {
	for i := range f.vms {
		if f.vms[i].Name == name {
			return &f.vms[i]
		}
	}
	return nil
}

func (f *fakeService) DefaultVM(_ context.Context, name string) (app.NewVM, error) {
	return app.NewVM{Name: name, CPUs: 2, MemoryMB: 768, DiskSizeMB: 2048, Accel: "auto"}, f.called("DefaultVM", name)
}

func (f *fakeService) CreateVM(_ context.Context, n app.NewVM) (app.VM, error) {
	if err := f.called("CreateVM", n.Name); err != nil {
		return app.VM{}, err
	}
	v := app.VM{
		Name: n.Name, Active: len(f.vms) == 0, State: app.Stopped, CPUs: n.CPUs, MemoryMB: n.MemoryMB,
		DiskSize: 10 << 30, DiskUsed: 66 << 20, Created: time.Now(),
	}
	f.change(func() { f.vms = append(f.vms, v) })
	return v, nil
}

func (f *fakeService) DeleteVM(_ context.Context, name string, data bool) error {
	if err := f.called("DeleteVM", fmt.Sprint(name, " ", data)); err != nil {
		return err
	}
	f.change(func() { f.vms = slices.DeleteFunc(f.vms, func(v app.VM) bool { return v.Name == name }) })
	return nil
}

func (f *fakeService) UseVM(_ context.Context, name string) error { return f.called("UseVM", name) }

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

func (f *fakeService) CloneVM(_ context.Context, name string, n app.NewVM) (*job.Job[app.VM], error) {
	return f.copied("CloneVM", name, n.Name)
}

func (f *fakeService) CloneSnapshot(_ context.Context, vm, name string, n app.NewVM) (*job.Job[app.VM], error) {
	method := "CloneSnapshot"
	if n.Start {
		method = "CloneSnapshot and start"
	}
	return f.copied(method, vm+" "+name, n.Name)
}

func (f *fakeService) BootSnapshot(_ context.Context, vm, name string, _ app.BootOptions) (*job.Job[app.VM], error) {
	if err := f.called("BootSnapshot", vm+" "+name); err != nil {
		return nil, err
	}
	return runFakeJob(f, job.Clone, vm, name, func() (app.VM, error) {
		v := app.VM{Name: name + "-try-1", State: app.Running, Temporary: true}
		f.change(func() { f.vms = append(f.vms, v) })
		return v, nil
	}), nil
}

func (f *fakeService) KeepVM(_ context.Context, name string) (app.VM, error) {
	if err := f.called("KeepVM", name); err != nil {
		return app.VM{}, err
	}
	f.change(func() { f.find(name).Temporary = false })
	return app.VM{}, nil
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

package window

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"vmterminal/app"
	"vmterminal/app/doctor"
	"vmterminal/app/job"
	"vmterminal/app/problem"
)

// fakeService is a Service without disks and processes. Its zero value has no VMs.
type fakeService struct {
	mu         sync.Mutex
	vms        []app.VM
	snapshots  map[string][]app.Snapshot
	consoles   map[string]*fakeConsole
	shells     []*fakeShell
	jobs       job.List
	watchers   []chan struct{}
	calls      []string
	fails      map[string]error // by method name
	findings   []doctor.Finding
	undoSince  time.Time
	undoAtRisk bool // a restore would delete the undo disk
	restored   string
	history    []app.EndedJob
	programs   map[string][]string // running in the terminals of each VM
	note       func(problem.Note)
	clock      time.Time // the current time for the window; zero for the real one

	// vmsRead, if set, is called by VMs after it has read the list.
	vmsRead func()

	// shellGate, if set, blocks Shell until it is closed.
	shellGate chan struct{}

	imageNote app.ImageNote // of all images

	// jobSteps, if set, blocks jobs: each value lets a job advance by a tenth.
	jobSteps chan struct{}
	// jobPause is the duration of a step if jobSteps is nil.
	jobPause time.Duration
}

// called records a call and returns the error set for the method.
func (f *fakeService) called(method, detail string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = append(f.calls, method+" "+detail)
	return f.fails[method]
}

// failNext makes a method return err. If err is nil, the method succeeds again.
func (f *fakeService) failNext(method string, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.fails == nil {
		f.fails = map[string]error{}
	}
	f.fails[method] = err
}

func (f *fakeService) hasCalled(call string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Contains(f.calls, call)
}

// change changes VMs or snapshots and notifies the watchers.
func (f *fakeService) change(alter func()) {
	f.mu.Lock()
	alter()
	watchers := slices.Clone(f.watchers)
	f.mu.Unlock()
	for _, w := range watchers {
		select {
		case w <- struct{}{}:
		default:
		}
	}
}

func (f *fakeService) now() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.clock.IsZero() {
		return time.Now()
	}
	return f.clock
}

func (f *fakeService) WatchNotes(show func(problem.Note)) { f.note = show }

func (f *fakeService) CheckOwner() error { return f.called("CheckOwner", "") }

func (f *fakeService) find(name string) *app.VM {
	for i := range f.vms {
		if f.vms[i].Name == name {
			return &f.vms[i]
		}
	}
	return nil
}

func (f *fakeService) VMs(context.Context) ([]app.VM, []string, error) {
	f.mu.Lock()
	read := f.vmsRead
	f.mu.Unlock()
	list, err := f.listVMs()
	if read != nil {
		read()
	}
	return list, nil, err
}

func (f *fakeService) listVMs() ([]app.VM, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	list := slices.Clone(f.vms)
	for i := range list {
		snaps := f.snapshots[list[i].Name]
		list[i].Snapshots = len(snaps)
		if len(snaps) > 0 {
			list[i].LastSnapshot = snaps[0].Created
		}
	}
	return list, f.fails["VMs"]
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

func (f *fakeService) Start(_ context.Context, name string, _ app.StartOptions) error {
	if err := f.called("Start", name); err != nil {
		return err
	}
	f.change(func() {
		v := f.find(name)
		v.State, v.Accelerator, v.Since = app.Running, "tcg", time.Now()
		if f.consoles == nil {
			f.consoles = map[string]*fakeConsole{}
		}
		f.consoles[name] = newFakeConsole(name)
	})
	return nil
}

func (f *fakeService) Stop(_ context.Context, name string, opt app.StopOptions, report func(app.StopStep)) error {
	if err := f.called("Stop", fmt.Sprint(name, " ", opt.Force)); err != nil {
		return err
	}
	report(app.StopStep{Code: app.StopAskingGuest, Grace: app.DefaultGrace})
	f.stop(name)
	return nil
}

func (f *fakeService) Programs(_ context.Context, name string) ([]string, error) {
	if err := f.called("Programs", name); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.programs[name], nil
}

func (f *fakeService) stop(name string) {
	f.change(func() {
		v := f.find(name)
		v.State, v.ExitReason.Code, v.ExitedAt = app.Stopped, app.ExitGuestPoweredOff, time.Now()
		if c := f.consoles[name]; c != nil {
			c.end()
			delete(f.consoles, name)
		}
	})
}

func (f *fakeService) Console(_ context.Context, name string) (app.Console, error) {
	if err := f.called("Console", name); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if c := f.consoles[name]; c != nil {
		return c, nil
	}
	return nil, app.ErrStopped
}

func (f *fakeService) Shell(ctx context.Context, name string, size app.TerminalSize) (app.Shell, error) {
	if err := f.called("Shell", name); err != nil {
		return nil, err
	}
	if f.shellGate != nil {
		<-f.shellGate
	}
	sh := &fakeShell{fakeConsole: newFakeConsole(name), ended: make(chan struct{})}
	sh.size = [2]int{int(size.Columns), int(size.Rows)}
	context.AfterFunc(ctx, func() { sh.exit(-1) })
	f.mu.Lock()
	defer f.mu.Unlock()
	f.shells = append(f.shells, sh)
	return sh, nil
}

func (f *fakeService) LastConsole(_ context.Context, name string) ([]byte, error) {
	return []byte("\x1b[32mlast words\x1b[0m of " + name + "\r\n"), f.called("LastConsole", name)
}

func (f *fakeService) Snapshots(_ context.Context, vm string) (app.SnapshotList, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	list := app.SnapshotList{VM: vm, Snapshots: slices.Clone(f.snapshots[vm])}
	if v := f.find(vm); v != nil && v.UndoUsed > 0 {
		list.Undo = &app.UndoDisk{DiskSize: v.DiskSize, Used: v.UndoUsed, Since: f.undoSince, Restored: f.restored, AtRisk: f.undoAtRisk}
	}
	return list, f.fails["Snapshots"]
}

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

func (f *fakeService) Prepare(context.Context) {}

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

// runFakeJob runs a job of ten steps that returns the result of end.
func runFakeJob[T any](f *fakeService, kind job.Kind, vm, name string, end func() (T, error)) *job.Job[T] {
	return job.Run(&f.jobs, kind, job.Subject{VM: vm, Name: name}, func(ctx context.Context, m job.Meter) (result T, err error) {
		m.Phase(job.Compress, 1000<<20)
		for range 10 {
			if f.jobSteps == nil {
				time.Sleep(f.jobPause)
			} else {
				select {
				case <-f.jobSteps:
				case <-ctx.Done():
				}
			}
			if ctx.Err() != nil {
				return result, ctx.Err()
			}
			m.Add(100 << 20)
		}
		f.mu.Lock()
		err = f.fails["job"]
		f.mu.Unlock()
		if err != nil {
			return result, err
		}
		return end()
	})
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

func (f *fakeService) Jobs() []*job.Handle { return f.jobs.Running() }

func (f *fakeService) Changes(context.Context) <-chan struct{} {
	c := make(chan struct{}, 1)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.watchers = append(f.watchers, c)
	return c
}

// fakeConsole prints a greeting and echoes and records its input.
type fakeConsole struct {
	out  *io.PipeReader
	in   *io.PipeWriter
	mu   sync.Mutex
	got  []byte
	size [2]int
}

func newFakeConsole(name string) *fakeConsole {
	c := &fakeConsole{}
	c.out, c.in = io.Pipe()
	go fmt.Fprintf(c.in, "Linux 7.1 on %s\r\n%s:~# ", name, name)
	return c
}

func (c *fakeConsole) Read(b []byte) (int, error) { return c.out.Read(b) }

func (c *fakeConsole) Write(b []byte) (int, error) {
	c.mu.Lock()
	c.got = append(c.got, b...)
	c.mu.Unlock()
	go func() { _, _ = c.in.Write(b) }() // the reader may be slow or closed
	return len(b), nil
}

func (c *fakeConsole) Close() error { return c.out.Close() }

func (c *fakeConsole) Resize(_ context.Context, cols, rows int) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.size = [2]int{cols, rows}
	return nil
}

// typed returns the input so far.
func (c *fakeConsole) typed() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return string(c.got)
}

func (c *fakeConsole) end() { _ = c.in.Close() }

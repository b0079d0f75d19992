package window

import (
	"context"
	"slices"
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

func (f *fakeService) Snapshots(_ context.Context, vm string) (app.SnapshotList, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	list := app.SnapshotList{VM: vm, Snapshots: slices.Clone(f.snapshots[vm])}
	if v := f.find(vm); v != nil && v.UndoUsed > 0 {
		list.Undo = &app.UndoDisk{DiskSize: v.DiskSize, Used: v.UndoUsed, Since: f.undoSince, Restored: f.restored, AtRisk: f.undoAtRisk}
	}
	return list, f.fails["Snapshots"]
}

func (f *fakeService) Prepare(context.Context) {}

func (f *fakeService) Changes(context.Context) <-chan struct{} {
	c := make(chan struct{}, 1)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.watchers = append(f.watchers, c)
	return c
}

package app

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"vmterminal/app/job"
	"vmterminal/snapshot"
	"vmterminal/snapshot/durable"
	"vmterminal/vm"
	"vmterminal/vm/home"
	"vmterminal/vm/supervisor/client"
)

// fakeRunningVM is a VM that is reported as running and whose disk is a file.
type fakeRunningVM struct {
	automaticTaker
	t     *testing.T
	dir   home.VMDir
	clock time.Time
	since string // State.UnchangedSince
	opens int
}

func newFakeRunningVM(t *testing.T) *fakeRunningVM {
	h := &fakeRunningVM{t: t, clock: time.Now().UTC().Truncate(time.Second).Add(-time.Hour)}
	s := New(Options{Home: home.Dir(t.TempDir())})
	s.now = func() time.Time { return h.clock }
	h.dir = s.vms.Dir("dev")
	h.automaticTaker = automaticTaker{s: s, name: "dev", open: h.source, state: func(context.Context, string) (client.State, error) {
		return client.State{Since: h.clock.Add(-time.Minute), UnchangedSince: h.since}, nil
	}}
	fill := vm.FillDisk(func(f *os.File) error { return f.Truncate(3 << 20) })
	if err := s.vms.Create(vm.Defaults("dev"), fill); err != nil {
		t.Fatal(err)
	}
	return h
}

func (h *fakeRunningVM) source(context.Context, vm.Entry, durable.Activity, job.Meter) (snapshotSource, error) {
	h.opens++
	disk, err := snapshot.OpenDisk(h.dir.Disk())
	if err != nil {
		return snapshotSource{}, err
	}
	return snapshotSource{source: disk, onCreated: func(context.Context, snapshot.Info) {}, wrapError: func(_ context.Context, err error) error { return err }, close: closeAll(disk)}, nil
}

// write changes the disk.
func (h *fakeRunningVM) write(text string) {
	h.t.Helper()
	f, err := os.OpenFile(h.dir.Disk(), os.O_WRONLY, 0)
	if err != nil {
		h.t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(text); err != nil {
		h.t.Fatal(err)
	}
}

// takeNext takes an automatic snapshot one minute after the previous one.
func (h *fakeRunningVM) takeNext() error {
	h.clock = h.clock.Add(time.Minute)
	_, err := h.take(h.t.Context(), Automatic{Every: halfHour, Keep: 2})
	return err
}

func (h *fakeRunningVM) mustTake(text string) Snapshot {
	h.t.Helper()
	before := h.list()
	h.write(text)
	if err := h.takeNext(); err != nil {
		h.t.Fatal(err)
	}
	for _, s := range h.list() {
		if !slices.ContainsFunc(before, func(b Snapshot) bool { return b.ID == s.ID }) {
			return s
		}
	}
	h.t.Fatal("no snapshot was added")
	return Snapshot{}
}

func (h *fakeRunningVM) list() []Snapshot {
	h.t.Helper()
	list, err := h.s.Snapshots(h.t.Context(), "dev")
	if err != nil {
		h.t.Fatal(err)
	}
	return list.Snapshots
}

func (h *fakeRunningVM) names() string {
	var all []string
	for _, s := range h.list() {
		all = append(all, s.Name)
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

func TestTakeAutomatically(t *testing.T) {
	h := newFakeRunningVM(t)
	if since := h.newest(t.Context()); !since.Equal(h.clock.Add(-time.Minute)) {
		t.Errorf("got start of the interval %v, want the time when the VM was started", since)
	}
	s := h.mustTake("one")
	if want := "auto-" + h.clock.Local().Format("20060102-150405"); s.Name != want || !s.Automatic || s.State != "ok" ||
		s.Purpose != (SnapshotPurpose{Code: PurposeAutomatic, Value: "30m"}) || s.VM != "dev" || !s.Created.Equal(h.clock) || !s.IsCurrent {
		t.Errorf("got %+v, want an intact automatic snapshot named %s", s, want)
	}
	if since := h.newest(t.Context()); !since.Equal(h.clock) {
		t.Errorf("got start of the interval %v, want %v, the time of the newest snapshot", since, h.clock)
	}
	// The next snapshot is taken at the same time, so its usual name is in use.
	h.clock = h.clock.Add(-time.Minute)
	if second := h.mustTake("two"); second.Name != s.Name+"-2" || !second.Automatic {
		t.Errorf("got %+v, want an automatic snapshot named %s-2", second, s.Name)
	}
	h.clock = h.clock.Add(-time.Minute)
	if third := h.mustTake("three"); third.Name != s.Name+"-3" {
		t.Errorf("got %+v, want the name %s-3", third, s.Name)
	}
}

func TestUnchangedDiskIsSkipped(t *testing.T) {
	h := newFakeRunningVM(t)
	s := h.mustTake("one")
	if err := h.takeNext(); !errors.Is(err, snapshot.ErrUnchanged) {
		t.Errorf("unchanged disk: got %v, want %v", err, snapshot.ErrUnchanged)
	}
	// If the supervisor reports that nothing changed, the disk is not opened.
	h.since, h.opens = s.ID, 0
	h.write("two")
	if err := h.takeNext(); !errors.Is(err, snapshot.ErrUnchanged) || h.opens != 0 {
		t.Errorf("unchanged since %s: got %v after opening the disk %d times, want %v without opening it", s.Name, err, h.opens, snapshot.ErrUnchanged)
	}
	if names := h.names(); names != s.Name {
		t.Errorf("got snapshots %q, want %q", names, s.Name)
	}
	// The disk is skipped only if that snapshot still exists and is intact.
	data, err := os.ReadFile(s.File)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(s.File, 5000); err != nil {
		t.Fatal(err)
	}
	if err := h.takeNext(); err != nil {
		t.Errorf("unchanged since a damaged snapshot: got %v, want a new snapshot", err)
	}
	if err := os.WriteFile(s.File, data, durable.FileMode); err != nil {
		t.Fatal(err)
	}
	if err := h.s.DeleteSnapshot(t.Context(), "dev", s.Name); err != nil {
		t.Fatal(err)
	}
	h.write("three")
	if err := h.takeNext(); err != nil {
		t.Errorf("unchanged since a deleted snapshot: got %v, want a new snapshot", err)
	}
}

func TestRetention(t *testing.T) {
	h := newFakeRunningVM(t)
	ctx := t.Context()
	pinned, renamed, moved := h.mustTake("a").Name, h.mustTake("b").Name, h.mustTake("c").Name
	old, kept1, kept2 := h.mustTake("d").Name, h.mustTake("e").Name, h.mustTake("f").Name
	job, err := h.s.CreateSnapshot(ctx, "dev", NewSnapshot{Name: "auto-20200101-000000"}) // named like an automatic snapshot
	if err != nil {
		t.Fatal(err)
	}
	if err := job.Wait(ctx); err != nil {
		t.Fatal(err)
	}
	if err := h.s.PinSnapshot(ctx, "dev", pinned, true); err != nil {
		t.Fatal(err)
	}
	if err := h.s.RenameSnapshot(ctx, "dev", renamed, "auto-mine"); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(snapshot.File(h.dir.Snapshots(), moved), snapshot.File(h.dir.Snapshots(), "moved")); err != nil {
		t.Fatal(err)
	}
	h.clock = time.Now() // prune compares it with the times of the snapshots
	if err := h.prune(ctx, Automatic{Every: halfHour, Keep: 2}); err != nil {
		t.Fatal(err)
	}
	got := h.names()
	for name, want := range map[string]bool{
		pinned: true, "auto-mine": true, "moved": true, old: false, kept1: true, kept2: true, "auto-20200101-000000": true,
	} {
		if strings.Contains(got+" ", name+" ") != want {
			t.Errorf("%s: got exists = %v, want %v; snapshots: %s", name, !want, want, got)
		}
	}
}

func TestAutomaticWhileVMIsBusy(t *testing.T) {
	h := newFakeRunningVM(t)
	h.write("one")
	job, err := h.s.lockJob(t.Context(), "dev", durable.Activity{Code: "testing"})
	if err != nil {
		t.Fatal(err)
	}
	if err := h.takeNext(); !isBusy(err) || Explain(err).Holder.Activity != "testing" {
		t.Errorf("take: got %v, want an error that names the holder", err)
	}
	if err := h.prune(t.Context(), everyHalfHour); !isBusy(err) {
		t.Errorf("prune: got %v, want a busy error", err)
	}
	job.release()
	if err := h.takeNext(); err != nil || len(h.list()) != 1 {
		t.Errorf("take after release: got %d snapshots, error %v, want 1", len(h.list()), err)
	}
}

package app

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"vmterminal/app/ondisk"
	"vmterminal/snapshot"
	"vmterminal/vm"
	"vmterminal/vm/host"
)

// fakeHost is a VM that is said to run, whose disk is a file.
type fakeHost struct {
	automaticTaker
	t     *testing.T
	dir   ondisk.VMDir
	clock time.Time
	since string // State.UnchangedSince
	opens int
}

func newFakeHost(t *testing.T) *fakeHost {
	h := &fakeHost{t: t, clock: time.Now().UTC().Truncate(time.Second).Add(-time.Hour)}
	s := New(Options{Home: ondisk.Home(t.TempDir())})
	s.now = func() time.Time { return h.clock }
	h.dir = s.vms.Dir("dev")
	h.automaticTaker = automaticTaker{s: s, name: "dev", open: h.source, state: func(context.Context, string) (host.State, error) {
		return host.State{Since: h.clock.Add(-time.Minute), UnchangedSince: h.since}, nil
	}}
	fill := vm.Fill(func(f *os.File) error { return f.Truncate(3 << 20) })
	if err := s.vms.Create(vm.Defaults("dev"), fill); err != nil {
		t.Fatal(err)
	}
	return h
}

func (h *fakeHost) source(context.Context, vm.Entry, string) (stillDisk, error) {
	h.opens++
	disk, err := snapshot.OpenDisk(h.dir.Disk())
	if err != nil {
		return stillDisk{}, err
	}
	return stillDisk{source: disk, became: func(context.Context, snapshot.Info) {}, done: closers(disk)}, nil
}

// write changes the disk.
func (h *fakeHost) write(text string) {
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

// due takes the next one, a minute after the one before.
func (h *fakeHost) due() error {
	h.clock = h.clock.Add(time.Minute)
	_, err := h.take(h.t.Context(), Automatic{Every: half, Keep: 2})
	return err
}

func (h *fakeHost) mustTake(text string) Snapshot {
	h.t.Helper()
	before := h.list()
	h.write(text)
	if err := h.due(); err != nil {
		h.t.Fatal(err)
	}
	for _, s := range h.list() {
		if !slices.ContainsFunc(before, func(b Snapshot) bool { return b.ID == s.ID }) {
			return s
		}
	}
	h.t.Fatal("there is no new snapshot")
	return Snapshot{}
}

func (h *fakeHost) list() []Snapshot {
	h.t.Helper()
	list, err := h.s.Snapshots(h.t.Context(), "dev")
	if err != nil {
		h.t.Fatal(err)
	}
	return list.Snapshots
}

func (h *fakeHost) names() string {
	var all []string
	for _, s := range h.list() {
		all = append(all, s.Name)
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

func TestTakeAutomatically(t *testing.T) {
	h := newFakeHost(t)
	if since := h.newest(t.Context()); !since.Equal(h.clock.Add(-time.Minute)) {
		t.Errorf("the interval counts from %v, not from the VM's start", since)
	}
	s := h.mustTake("one")
	if want := "auto-" + h.clock.Local().Format("20060102-150405"); s.Name != want || !s.Automatic || s.State != "ok" ||
		s.Description != "Taken automatically, every 30m" || s.VM != "dev" || !s.Created.Equal(h.clock) || !s.Here {
		t.Errorf("%+v, want %s", s, want)
	}
	if since := h.newest(t.Context()); !since.Equal(h.clock) {
		t.Errorf("the interval counts from %v, not from the newest", since)
	}
	// A name that is taken.
	h.clock = h.clock.Add(-time.Minute)
	if again := h.mustTake("two"); again.Name != s.Name+"-2" || !again.Automatic {
		t.Errorf("%+v", again)
	}
	h.clock = h.clock.Add(-time.Minute)
	if again := h.mustTake("three"); again.Name != s.Name+"-3" {
		t.Errorf("%+v", again)
	}
}

func TestNothingChanged(t *testing.T) {
	h := newFakeHost(t)
	s := h.mustTake("one")
	if err := h.due(); !errors.Is(err, snapshot.ErrUnchanged) {
		t.Errorf("the same disk: %v", err)
	}
	// The host process knows it without a look at the disk.
	h.since, h.opens = s.ID, 0
	h.write("two")
	if err := h.due(); !errors.Is(err, snapshot.ErrUnchanged) || h.opens != 0 {
		t.Errorf("unchanged since %s: %v, %d looks at the disk", s.Name, err, h.opens)
	}
	if names := h.names(); names != s.Name {
		t.Errorf("there are %s", names)
	}
	// But that snapshot must still be there, and good.
	data, err := os.ReadFile(s.File)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(s.File, 5000); err != nil {
		t.Fatal(err)
	}
	if err := h.due(); err != nil {
		t.Errorf("unchanged since a damaged one: %v", err)
	}
	if err := os.WriteFile(s.File, data, ondisk.FileMode); err != nil {
		t.Fatal(err)
	}
	if err := h.s.DeleteSnapshot(t.Context(), "dev", s.Name); err != nil {
		t.Fatal(err)
	}
	h.write("three")
	if err := h.due(); err != nil {
		t.Errorf("unchanged since one that is gone: %v", err)
	}
}

func TestRetention(t *testing.T) {
	h := newFakeHost(t)
	ctx := t.Context()
	pinned, renamed, moved := h.mustTake("a").Name, h.mustTake("b").Name, h.mustTake("c").Name
	old, kept1, kept2 := h.mustTake("d").Name, h.mustTake("e").Name, h.mustTake("f").Name
	job, err := h.s.CreateSnapshot(ctx, "dev", NewSnapshot{Name: "auto-20200101-000000"}) // looks like one
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
	if err := os.Rename(ondisk.SnapshotFile(h.dir.Snapshots(), moved), ondisk.SnapshotFile(h.dir.Snapshots(), "moved")); err != nil {
		t.Fatal(err)
	}
	h.clock = time.Now() // by which prune tells what comes from the future
	if err := h.prune(ctx, Automatic{Every: half, Keep: 2}); err != nil {
		t.Fatal(err)
	}
	got := h.names()
	for name, want := range map[string]bool{
		pinned: true, "auto-mine": true, "moved": true, old: false, kept1: true, kept2: true, "auto-20200101-000000": true,
	} {
		if strings.Contains(got+" ", name+" ") != want {
			t.Errorf("%s: there = %v; there are %s", name, !want, got)
		}
	}
}

func TestAnotherJobHasTheVM(t *testing.T) {
	h := newFakeHost(t)
	h.write("one")
	job, err := h.s.holdJob(t.Context(), "dev", "exporting snapshot 'x'")
	if err != nil {
		t.Fatal(err)
	}
	if err := h.due(); !isBusy(err) || !strings.Contains(Explain(err).Line(), "exporting snapshot 'x'") {
		t.Errorf("%v", err)
	}
	if err := h.prune(t.Context(), everyHalf); !isBusy(err) {
		t.Errorf("prune: %v", err)
	}
	job.release()
	if err := h.due(); err != nil || len(h.list()) != 1 {
		t.Errorf("%v", err)
	}
}

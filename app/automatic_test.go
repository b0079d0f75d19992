package app

import (
	"errors"
	"os"
	"reflect"
	"testing"
	"time"

	"vmterminal/app/problem"
	"vmterminal/vm"
)

func TestSetAutomatic(t *testing.T) {
	h := newFakeRunningVM(t)
	for _, c := range []struct{ set, want Automatic }{
		{Automatic{Every: time.Hour}, Automatic{time.Hour, DefaultAutomaticKeep}},
		{Automatic{time.Hour, 5}, Automatic{time.Hour, 5}},
		{Automatic{Every: time.Minute + 400*time.Millisecond}, Automatic{time.Minute, 5}},
		{Automatic{}, Automatic{}},
		{Automatic{Every: time.Hour}, Automatic{time.Hour, DefaultAutomaticKeep}},
	} {
		v, err := h.s.SetAutomatic(t.Context(), "dev", c.set)
		if err != nil || v.Automatic.Automatic != c.want {
			t.Errorf("set %+v: got %+v, error %v, want %+v", c.set, v.Automatic, err, c.want)
		}
		if set, err := h.settings(); err != nil || set != c.want {
			t.Errorf("set %+v: the scheduler reads %+v, error %v, want %+v", c.set, set, err, c.want)
		}
	}
	for _, bad := range []Automatic{{time.Second, 1}, {time.Millisecond, 1}, {31 * 24 * time.Hour, 1}, {-time.Hour, 1}, {time.Hour, -1}, {time.Hour, 1001}} {
		_, err := h.s.SetAutomatic(t.Context(), "dev", bad)
		if !errors.Is(err, vm.ErrBadConfig) || Explain(err).Exit != problem.ExitUsage {
			t.Errorf("set %+v: got %v, want %v", bad, err, vm.ErrBadConfig)
		}
	}
	if v, err := h.s.VM(t.Context(), "dev"); err != nil || v.Automatic.Every != time.Hour {
		t.Errorf("after invalid settings: got %+v, error %v, want the previous setting", v.Automatic, err)
	}
}

// An invalid record is ignored.
func TestAutomaticRecord(t *testing.T) {
	h := newFakeRunningVM(t)
	now := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	for name, r := range map[string]automaticRecord{
		"none": {}, "failed": {automaticFailure: automaticFailure{Problem: &problem.Problem{Code: problem.NoSpace, Cause: "x"}, FailedAt: now}}, "due": {Next: now},
	} {
		if err := r.write(h.dir); err != nil || !reflect.DeepEqual(readAutomaticRecord(h.dir), r) {
			t.Errorf("%s: got %+v, error %v, want %+v", name, readAutomaticRecord(h.dir), err, r)
		}
	}
	if err := (automaticRecord{Next: now}).write(h.dir); err != nil {
		t.Fatal(err)
	}
	on := vm.Automatic{IntervalSeconds: 60, Keep: 1}
	if state := newAutomaticState(on, h.dir, Running); !state.Next.Equal(now) {
		t.Errorf("running: got %+v, want the next snapshot due at %v", state, now)
	}
	if state := newAutomaticState(on, h.dir, Stopped); !state.Next.IsZero() {
		t.Errorf("stopped: got %+v, want no due time", state)
	}
	if state := newAutomaticState(vm.Automatic{IntervalSeconds: 1, Keep: 1}, h.dir, Running); state != (AutomaticState{}) {
		t.Errorf("invalid setting: got %+v, want the zero value", state)
	}
	if err := os.WriteFile(h.dir.Automatic(), []byte(`{"failure":"a\nb\u001b[31m","next":7}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := readAutomaticRecord(h.dir); r != (automaticRecord{}) {
		t.Errorf("damaged record: got %+v, want the zero value", r)
	}
	if err := (automaticRecord{}).write(h.dir); err != nil {
		t.Fatal(err)
	}
	if err := (automaticRecord{}).write(h.dir); err != nil {
		t.Errorf("remove a missing record: %v", err)
	}
}

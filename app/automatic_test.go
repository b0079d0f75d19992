package app

import (
	"errors"
	"os"
	"testing"
	"time"

	"vmterminal/vm"
)

func TestSetAutomatic(t *testing.T) {
	h := newFakeHost(t)
	for _, c := range []struct{ set, want Automatic }{
		{Automatic{Every: time.Hour}, Automatic{time.Hour, DefaultAutomaticKeep}},
		{Automatic{time.Hour, 5}, Automatic{time.Hour, 5}},
		{Automatic{Every: time.Minute + 400*time.Millisecond}, Automatic{time.Minute, 5}},
		{Automatic{}, Automatic{}},
		{Automatic{Every: time.Hour}, Automatic{time.Hour, DefaultAutomaticKeep}},
	} {
		v, err := h.s.SetAutomatic(t.Context(), "dev", c.set)
		if err != nil || v.Automatic.Automatic != c.want {
			t.Errorf("%+v: %+v, %v", c.set, v.Automatic, err)
		}
		if set, err := h.settings(); err != nil || set != c.want {
			t.Errorf("%+v: the schedule reads %+v, %v", c.set, set, err)
		}
	}
	for _, bad := range []Automatic{{time.Second, 1}, {time.Millisecond, 1}, {31 * day, 1}, {-time.Hour, 1}, {time.Hour, -1}, {time.Hour, 1001}} {
		_, err := h.s.SetAutomatic(t.Context(), "dev", bad)
		if !errors.Is(err, vm.ErrBadConfig) || Explain(err).Exit != ExitUsage {
			t.Errorf("%+v: %v", bad, err)
		}
	}
	if v, err := h.s.VM(t.Context(), "dev"); err != nil || v.Automatic.Every != time.Hour {
		t.Errorf("nonsense has changed it: %+v, %v", v.Automatic, err)
	}
}

// Nothing rests on the record, whatever is in it.
func TestAutomaticRecord(t *testing.T) {
	h := newFakeHost(t)
	now := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	for name, r := range map[string]automaticRecord{
		"none": {}, "failed": {automaticFailure: automaticFailure{Failure: "x", FailedAt: now}}, "due": {Next: now},
	} {
		if err := r.write(h.dir); err != nil || readAutomaticRecord(h.dir) != r {
			t.Errorf("%s: %v, %+v", name, err, readAutomaticRecord(h.dir))
		}
	}
	if err := (automaticRecord{Next: now}).write(h.dir); err != nil {
		t.Fatal(err)
	}
	on := vm.Automatic{EverySeconds: 60, Keep: 1}
	if look := lookAtAutomatic(on, h.dir, Running); !look.Next.Equal(now) {
		t.Errorf("%+v", look)
	}
	if look := lookAtAutomatic(on, h.dir, Stopped); !look.Next.IsZero() {
		t.Errorf("due while the VM is off: %+v", look)
	}
	if look := lookAtAutomatic(vm.Automatic{EverySeconds: 1, Keep: 1}, h.dir, Running); look != (AutomaticState{}) {
		t.Errorf("a setting that cannot be used: %+v", look)
	}
	if err := os.WriteFile(h.dir.Automatic(), []byte(`{"failure":"a\nb\u001b[31m","next":7}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := readAutomaticRecord(h.dir); r != (automaticRecord{}) {
		t.Errorf("of a torn record: %+v", r)
	}
	if err := (automaticRecord{}).write(h.dir); err != nil {
		t.Fatal(err)
	}
	if err := (automaticRecord{}).write(h.dir); err != nil {
		t.Errorf("no record twice: %v", err)
	}
}

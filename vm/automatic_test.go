package vm

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"
)

func TestAutomaticCheck(t *testing.T) {
	const minute, thirtyDays = 60, 30 * 24 * 3600
	for _, c := range []struct {
		a    Automatic
		good bool
	}{
		{Automatic{}, true},
		{Automatic{minute, 1}, true},
		{Automatic{thirtyDays, MaxKeep}, true},
		{Automatic{minute - 1, 1}, false},
		{Automatic{thirtyDays + 1, 1}, false},
		{Automatic{-minute, 1}, false},
		{Automatic{1 << 62, 1}, false},
		{Automatic{minute, 0}, false},
		{Automatic{minute, MaxKeep + 1}, false},
		{Automatic{0, 5}, false},
	} {
		v := Defaults("dev")
		v.Automatic = c.a
		if err := v.Check(); (err == nil) != c.good || err != nil && !errors.Is(err, ErrBadConfig) {
			t.Errorf("Check with Automatic %+v = %v, want valid: %v", c.a, err, c.good)
		}
	}
}

// While automatic snapshots are off, vms.json has no entry for them.
func TestAutomaticIsStored(t *testing.T) {
	s := newStore(t)
	createVM(t, s, "dev")
	readList := func() string {
		t.Helper()
		data, err := os.ReadFile(s.Home().VMs())
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	before := readList()
	if strings.Contains(before, "automatic") {
		t.Errorf("vms.json while off = %s, want no entry for automatic snapshots", before)
	}
	set := func(a Automatic) error {
		return s.Update("dev", func(v *VM) error { v.Automatic = a; return nil })
	}
	if err := set(Automatic{1800, 7}); err != nil {
		t.Fatal(err)
	}
	e, err := s.Get("dev")
	if err != nil || e.Automatic.Interval() != 30*time.Minute || e.Automatic.Keep != 7 {
		t.Errorf("Get = %+v, %v; want every 30 minutes, keep 7", e.Automatic, err)
	}
	if err := set(Automatic{5, 7}); !errors.Is(err, ErrBadConfig) {
		t.Errorf("Update to five seconds: %v, want ErrBadConfig", err)
	}
	if err := set(Automatic{}); err != nil || readList() != before {
		t.Errorf("after turning it off: %v, list %s, want %s", err, readList(), before)
	}
}

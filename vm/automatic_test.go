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
			t.Errorf("%+v: %v", c.a, err)
		}
	}
}

// The setting is not in the file until there is one, and a file without it reads.
func TestAutomaticIsKept(t *testing.T) {
	s := newStore(t)
	create(t, s, "dev")
	kept := func() string {
		t.Helper()
		data, err := os.ReadFile(s.Home().VMs())
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	before := kept()
	if strings.Contains(before, "automatic") {
		t.Errorf("kept while off: %s", before)
	}
	set := func(a Automatic) error {
		return s.Update("dev", func(v *VM) error { v.Automatic = a; return nil })
	}
	if err := set(Automatic{1800, 7}); err != nil {
		t.Fatal(err)
	}
	e, err := s.Get("dev")
	if err != nil || e.Automatic.Every() != 30*time.Minute || e.Automatic.Keep != 7 {
		t.Errorf("%+v, %v", e.Automatic, err)
	}
	if err := set(Automatic{5, 7}); !errors.Is(err, ErrBadConfig) {
		t.Errorf("five seconds: %v", err)
	}
	if err := set(Automatic{}); err != nil || kept() != before {
		t.Errorf("switched off: %v, %s", err, kept())
	}
}

package app

import (
	"errors"
	"slices"
	"testing"

	"vmterminal/app/ondisk"
	"vmterminal/snapshot"
)

// The lock is the VM's own, so that its holder does not say of which; an error does.
func TestEditSaysWhatItDoes(t *testing.T) {
	s := withDisk(t, []byte("disk"))
	var holder ondisk.Holder
	err := s.edit(t.Context(), "dev", func(of Phrase) Phrase { return phrase("pin snapshot '%s' of %s", "a of b", of) }, func(*snapshot.Store) error {
		_, holder = ondisk.Held(s.vms.Dir("dev").JobLock())
		return errors.New("no")
	})
	if want := "pin snapshot 'a of b'"; holder.Doing != want {
		t.Errorf("the lock is held for %q, not %q", holder.Doing, want)
	}
	if got, want := Explain(err).Line(), "Could not pin snapshot 'a of b' of VM 'dev': no. Nothing was changed."; got != want {
		t.Errorf("%q, not %q", got, want)
	}
}

// What a failure left is one text for commands, and its sentences for the window.
func TestWhatAFailureLeft(t *testing.T) {
	p := Explain(&Failure{Doing: phrase("restore it"), Disk: unchanged, Also: phrase("The VM is off: %s.", "50% of %s"), Err: errors.New("no")})
	if want := "The disk is unchanged. The VM is off: 50% of %s."; p.Disk != want {
		t.Errorf("%q, not %q", p.Disk, want)
	}
	if len(p.Left) != 2 || p.Left[0].Format != unchanged || !slices.Equal(p.Left[1].Args, []string{"50% of %s"}) {
		t.Errorf("%q", p.Left)
	}
	if p := Explain(failed(errors.New("no"), "", "list the VMs")); p.Disk != "" || len(p.Left) != 0 {
		t.Errorf("%+v", p)
	}
}

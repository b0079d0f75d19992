package qemu

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestQEMUWithoutSharing(t *testing.T) {
	for script, want := range map[string]error{
		`[ "$2" = virtio-9p-pci,help ]`:                   nil,
		`echo "Device 'virtio-9p-pci' not found"; exit 1`: ErrNoSharing,
	} {
		program := filepath.Join(t.TempDir(), "qemu")
		if err := os.WriteFile(program, []byte("#!/bin/sh\n"+script+"\n"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := CheckSharing(t.Context(), program); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", script, err, want)
		}
	}
	if err := CheckSharing(t.Context(), "/nowhere/qemu"); err == nil || errors.Is(err, ErrNoSharing) {
		t.Errorf("without QEMU: got error %v, want an error other than ErrNoSharing", err)
	}
}

// A tag has at most 31 bytes and does not depend on other settings.
func TestShareTagsAreUnique(t *testing.T) {
	a, b := Share{Path: "/srv/a,b"}, Share{Path: "/srv/" + strings.Repeat("b", 3000)}
	if a.Tag() == b.Tag() || len(a.Tag()) > 31 || len(b.Tag()) > 31 || a.Tag() != (Share{Path: "/srv/a,b", ReadOnly: true}).Tag() {
		t.Errorf("got tags %s and %s, want two short ones", a.Tag(), b.Tag())
	}
	args := strings.Join(Machine{Shares: []Share{a, {Path: "/srv/c", ReadOnly: true}}}.shareArgs(), " ")
	for _, want := range []string{"path=/srv/a,,b ", "readonly=on,path=/srv/c ", `"mount_tag":"` + a.Tag() + `"`} {
		if !strings.Contains(args, want) {
			t.Errorf("missing %q in %s", want, args)
		}
	}
	if strings.Count(args, "security_model=mapped-xattr") != 2 || strings.Count(args, "readonly=on") != 1 {
		t.Errorf("got arguments %s, want two shares, one read-only", args)
	}
}

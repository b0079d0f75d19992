//go:build linux

package main

import (
	"testing"

	"vmterminal/vm/agent/wire"
)

// /proc is always mounted.
func TestIsMounted(t *testing.T) {
	for m, want := range map[wire.Mount]bool{
		{Tag: "proc", Dir: "/proc"}:          true,
		{Tag: "vmt-1", Dir: "/mnt/no one's"}: false,
	} {
		if got, err := isMounted(m); err != nil || got != want {
			t.Errorf("%+v: got %v, %v; want %v", m, got, err, want)
		}
	}
	if got, err := isMounted(wire.Mount{Tag: "vmt-1", Dir: "/proc"}); err == nil {
		t.Errorf("other mount: got %v, want an error", got)
	}
}

func TestMountAllInvalid(t *testing.T) {
	problems, err := mountShares(t.Context(), []wire.Mount{{Tag: "t", Dir: "/etc"}, {Dir: "/mnt/a"}})
	if err != nil || problems[0] == "" || problems[1] == "" {
		t.Errorf("mountShares: got problems %q, error %v; want two problems", problems, err)
	}
	if _, err := mountShares(t.Context(), make([]wire.Mount, wire.MaxMounts+1)); err == nil {
		t.Error("too many mounts were accepted")
	}
}

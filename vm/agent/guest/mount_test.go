//go:build linux

package main

import (
	"testing"

	"vmterminal/vm/agent/wire"
)

// What is mounted is told apart from what is not; /proc always is.
func TestPlaceThatIsTaken(t *testing.T) {
	for m, want := range map[wire.Mount]bool{
		{Tag: "proc", Dir: "/proc"}:          true,
		{Tag: "vmt-1", Dir: "/mnt/no one's"}: false,
	} {
		if got, err := isMounted(m); err != nil || got != want {
			t.Errorf("%+v: %v, %v", m, got, err)
		}
	}
	if got, err := isMounted(wire.Mount{Tag: "vmt-1", Dir: "/proc"}); err == nil {
		t.Errorf("what another has: %v", got)
	}
}

func TestMountsThatNoHostAsksFor(t *testing.T) {
	problems, err := mountAll(t.Context(), []wire.Mount{{Tag: "t", Dir: "/etc"}, {Dir: "/mnt/a"}})
	if err != nil || problems[0] == "" || problems[1] == "" {
		t.Errorf("%q, %v", problems, err)
	}
	if _, err := mountAll(t.Context(), make([]wire.Mount, wire.MaxMounts+1)); err == nil {
		t.Error("any number was taken")
	}
}

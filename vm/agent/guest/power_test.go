//go:build linux

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The command is repeated until it succeeds, but not while the guest shuts down.
func TestPowerOffOnce(t *testing.T) {
	log := filepath.Join(t.TempDir(), "log")
	poweroff := filepath.Join(t.TempDir(), "poweroff")
	script := "#!/bin/sh\necho called >>" + log + "\n[ \"$(wc -l <" + log + ")\" -gt 2 ]\n"
	if err := os.WriteFile(poweroff, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	p := powerSwitch{command: poweroff}
	for range 6 {
		p.powerOff()
	}
	text, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(text), "called"); n != 3 {
		t.Errorf("got %d calls, want 3", n)
	}
}

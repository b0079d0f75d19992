//go:build linux

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Init is asked until it has heard, and not again while it shuts down.
func TestPowerOffOnce(t *testing.T) {
	said := filepath.Join(t.TempDir(), "said")
	poweroff := filepath.Join(t.TempDir(), "poweroff")
	script := "#!/bin/sh\necho asked >>" + said + "\n[ \"$(wc -l <" + said + ")\" -gt 2 ]\n"
	if err := os.WriteFile(poweroff, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	p := powerSwitch{command: poweroff}
	for range 6 {
		p.off()
	}
	text, err := os.ReadFile(said)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(text), "asked"); n != 3 {
		t.Errorf("init was asked %d times, of which the third was heard", n)
	}
}

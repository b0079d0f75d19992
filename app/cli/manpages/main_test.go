package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestManRendersPages(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "man")
	t.Setenv("SOURCE_DATE_EPOCH", "1700000000")
	if err := write(dir, "1.2.3"); err != nil {
		t.Fatal(err)
	}
	pages, err := filepath.Glob(filepath.Join(dir, "*.1"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "vmterminal-host-process.1")); err == nil {
		t.Error("got a page for a hidden command")
	}
	if len(pages) < 40 {
		t.Errorf("got %d pages, want at least 40", len(pages))
	}
	man, err := exec.LookPath("man")
	if err != nil {
		t.Skip("man is not installed")
	}
	var some []string
	for _, name := range []string{"vmterminal", "vmterminal-exec", "vmterminal-snapshot-create", "vmterminal-snapshot-restore"} {
		some = append(some, filepath.Join(dir, name+".1"))
	}
	cmd := exec.Command(man, append([]string{"--warnings", "-E", "UTF-8", "-l"}, some...)...)
	cmd.Env = append(os.Environ(), "MANWIDTH=100", "LC_ALL=C.UTF-8")
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil || said.Len() > 0 {
		t.Errorf("man: got error %v, want none, and no warnings: %s", err, said.String())
	}
	text := strings.Join(strings.Fields(string(out)), " ")
	for _, want := range []string{
		"VMTerminal 1.2.3", "Nov 2023",
		"vmterminal-snapshot-restore - Restore a snapshot",
		`vmterminal snapshot create before-upgrade -d "Before system upgrade"`,
		"tar -c . | vmterminal exec tar -x -C /root",
		"Exit codes: 0 success, 1 failure",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the pages do not contain %q", want)
		}
	}
}

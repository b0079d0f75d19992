package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestPagesCanBeRead(t *testing.T) {
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
		t.Error("a hidden command has a page")
	}
	man, err := exec.LookPath("man")
	if err != nil {
		t.Skip("there is no man here")
	}
	if len(pages) < 40 {
		t.Errorf("only %d pages", len(pages))
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
		t.Errorf("%v: %s", err, said.String())
	}
	text := strings.Join(strings.Fields(string(out)), " ")
	for _, want := range []string{
		"VMTerminal 1.2.3", "Nov 2023",
		"vmterminal-snapshot-restore - Bring a stopped VM's disk back to a snapshot",
		`vmterminal snapshot create before-upgrade -d "Before system upgrade"`,
		"tar -c . | vmterminal exec -- tar -x -C /root",
		"Exit codes: 0 done, 1 failed",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the pages do not say %q", want)
		}
	}
}

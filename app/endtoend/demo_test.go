package endtoend

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestMainJobWithoutADisplay runs the scripts that 'make run' uses after the build on machines
// without a display.
func TestMainJobWithoutADisplay(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	root := filepath.Dir(s.home)
	for _, dir := range []string{".ci", "bin"} {
		if err := os.Mkdir(filepath.Join(root, dir), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, script := range []string{"open", "demo"} {
		// A copy could not run while a process that another test starts still has it open.
		path, err := filepath.Abs(filepath.Join(module, ".ci", script))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(path, filepath.Join(root, ".ci", script)); err != nil {
			t.Fatal(err)
		}
	}
	for name, program := range map[string]string{"vmt": vmt, "vmterminal": vmterminal} {
		if err := os.Symlink(program, filepath.Join(root, "bin", name)); err != nil {
			t.Fatal(err)
		}
	}

	began := time.Now()
	cmd := exec.Command(filepath.Join(root, ".ci", "open"))
	cmd.Env = s.env
	var shown bytes.Buffer
	cmd.Stdout, cmd.Stderr = &shown, &shown
	err := runWithTimeout(cmd)
	text := shown.String()
	t.Logf("the main job without a display took %s", roundedSince(began))
	if err != nil {
		t.Fatalf("%v:\n%s", err, text)
	}
	first, _, _ := strings.Cut(text, "\n")
	if !strings.HasPrefix(first, "No display") {
		t.Errorf("got first line %q, want No display …", first)
	}
	for _, step := range []string{"vm create", "run", "snapshot create", "stop", "snapshot restore"} {
		if !strings.Contains(text, "\n$ bin/vmt "+step) {
			t.Errorf("want step %q in the output, got:\n%s", step, text)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(root, "vmterminal.*")); len(left) > 0 {
		t.Errorf("got %q left behind, want nothing", left)
	}
}

package app_test

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// Without a display, 'make run' neither builds the window nor installs its dependencies.
func TestMakeRunBuildsWhatItRuns(t *testing.T) {
	makeTool, err := exec.LookPath("make")
	if err != nil {
		t.Skip(err)
	}
	for _, c := range []struct {
		display string
		want    []string
		not     []string
	}{
		{"", []string{".ci/deps commands", "-tags nogui", "-o bin/vmt "}, []string{"-o bin/vmterminal", "deps build", "manpages"}},
		{":0", []string{".ci/deps build run", "-o bin/vmterminal"}, []string{"-o bin/vmt ", "manpages"}},
	} {
		cmd := exec.Command(makeTool, "--dry-run", "run")
		cmd.Dir = moduleRoot
		cmd.Env = append(slices.DeleteFunc(os.Environ(), func(v string) bool {
			return strings.HasPrefix(v, "DISPLAY=") || strings.HasPrefix(v, "WAYLAND_DISPLAY=") || strings.HasPrefix(v, "MAKE")
		}), "DISPLAY="+c.display)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		for _, want := range c.want {
			if !strings.Contains(string(out), want) {
				t.Errorf("display %q: got commands without %q:\n%s", c.display, want, out)
			}
		}
		for _, not := range c.not {
			if strings.Contains(string(out), not) {
				t.Errorf("display %q: got commands with %q:\n%s", c.display, not, out)
			}
		}
	}
}

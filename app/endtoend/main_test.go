package endtoend

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// module is the module's folder, relative to this package's folder, in which the tests run.
const module = "../.."

// These are the programs under test.
var (
	vmt        string // the commands, without cgo
	vmterminal string // window and commands, with the race detector
)

// tools lists the other programs that the tests run.
var tools = []string{
	"go", "qemu-system-x86_64", "gunzip", "cp", "dbus-daemon",
	"Xvfb", "openbox", "xdotool", "wmctrl", "xclip", "import",
}

func TestMain(m *testing.M) {
	code, err := buildAndRun(m.Run)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// buildAndRun builds the programs and runs the tests.
func buildAndRun(run func() int) (int, error) {
	for _, tool := range tools {
		if _, err := exec.LookPath(tool); err != nil {
			return 0, fmt.Errorf("missing tool: %w", err)
		}
	}
	dir, err := os.MkdirTemp("", "vmte2e")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	vmt, vmterminal = filepath.Join(dir, "vmt"), filepath.Join(dir, "vmterminal")
	if err := buildProgram(vmt, []string{"CGO_ENABLED=0"}, "-tags", "nogui"); err != nil {
		return 0, err
	}
	// Use the flags of the tests, so that nothing is compiled twice.
	if err := buildProgram(vmterminal, []string{"CGO_ENABLED=1"}, "-race"); err != nil {
		return 0, err
	}
	return run(), nil
}

func buildProgram(out string, env []string, flags ...string) error {
	began := time.Now()
	args := append([]string{"build", "-trimpath=false", "-buildvcs=false", "-o", out}, flags...)
	cmd := exec.Command("go", append(args, ".")...)
	cmd.Dir = module
	cmd.Env = append(os.Environ(), env...)
	if text, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", strings.Join(cmd.Args, " "), err, text)
	}
	fmt.Printf("built %s in %s\n", filepath.Base(out), time.Since(began).Round(time.Second))
	return nil
}

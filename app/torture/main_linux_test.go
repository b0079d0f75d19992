package torture

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"vmterminal/app/ondisk/guard"
)

const (
	// envInside says to the tests that they have a mount namespace of their own.
	envInside = "VMTERMINAL_TORTURE_INSIDE"
	// dirPrefix begins the names of folders that a workspace is mounted on.
	dirPrefix = "vmterminal-torture-"
)

var (
	// cannot is why no power can be cut here, "" if it can.
	cannot string
	// workspace is a tmpfs of this run.
	workspace string
	// subjects are the programs under test: with every guard, and with the one
	// taken away that guard.EnvDrop names.
	subjectGuarded, subjectUnguarded string
)

func TestMain(m *testing.M) {
	code, err := inNamespace(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// inNamespace runs the tests where all they mount goes with them.
func inNamespace(m *testing.M) (int, error) {
	if cannot = missing(); cannot != "" {
		return m.Run(), nil
	}
	if os.Getenv(envInside) == "" {
		return again()
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return 0, fmt.Errorf("keeping mounts to ourselves: %w", err)
	}
	sweep()
	workspace = filepath.Join(os.TempDir(), dirPrefix+strconv.Itoa(os.Getpid()))
	if err := os.Mkdir(workspace, 0o700); err != nil {
		return 0, err
	}
	defer os.Remove(workspace)
	if err := unix.Mount("tmpfs", workspace, "tmpfs", 0, "size=2g"); err != nil {
		return 0, fmt.Errorf("mounting a tmpfs: %w", err)
	}
	defer func() { _ = unix.Unmount(workspace, unix.MNT_DETACH) }()
	if err := buildSubjects(); err != nil {
		return 0, err
	}
	return m.Run(), nil
}

// missing says what is not here that the tests need.
func missing() string {
	if os.Getuid() != 0 {
		return "only root may mount"
	}
	for _, device := range []string{"/dev/fuse", "/dev/loop-control"} {
		f, err := os.OpenFile(device, os.O_RDWR, 0)
		if err != nil {
			return err.Error()
		}
		f.Close()
	}
	for _, tool := range []string{"mkfs.ext4", "mkfs.xfs"} {
		if _, err := exec.LookPath(tool); err != nil {
			return err.Error()
		}
	}
	return ""
}

// again runs the tests in a mount namespace of their own; they end with us.
func again() (int, error) {
	runtime.LockOSThread() // whose end Pdeathsig means
	cmd := exec.Command(os.Args[0], os.Args[1:]...)
	cmd.Env = append(os.Environ(), envInside+"=1")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS, Pdeathsig: syscall.SIGKILL}
	err := cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return max(1, exit.ExitCode()), nil
	}
	return 0, err
}

// sweep removes the empty folders of runs that were killed. What was mounted on
// them has gone with their namespaces.
func sweep() {
	left, _ := filepath.Glob(filepath.Join(os.TempDir(), dirPrefix+"*"))
	for _, dir := range left {
		pid, err := strconv.Atoi(strings.TrimPrefix(filepath.Base(dir), dirPrefix))
		if err == nil && errors.Is(unix.Kill(pid, 0), unix.ESRCH) {
			os.Remove(dir)
		}
	}
}

func buildSubjects() error {
	subjectGuarded, subjectUnguarded = filepath.Join(workspace, "subject"), filepath.Join(workspace, "subject-unguarded")
	for out, tags := range map[string]string{subjectGuarded: "", subjectUnguarded: "unguarded"} {
		cmd := exec.Command("go", "build", "-trimpath=false", "-buildvcs=false", "-tags", tags, "-o", out, "./subject")
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0", guard.EnvDrop+"=")
		if text, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("%v: %w\n%s", cmd.Args, err, text)
		}
	}
	return nil
}

// lab skips a test that cannot run here, and gives it a folder in the workspace.
func lab(t *testing.T) string {
	t.Helper()
	if cannot != "" {
		t.Skip("no power can be cut here: " + cannot)
	}
	dir, err := os.MkdirTemp(workspace, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

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

	"vmterminal/snapshot/durable/guard"
)

const (
	// envInside is set when the tests run in their own mount namespace.
	envInside = "VMTERMINAL_TORTURE_INSIDE"
	// dirPrefix is the prefix of the folders that workspaces are mounted on.
	dirPrefix = "vmterminal-torture-"
)

var (
	// skipReason is the reason why these tests cannot run, or "".
	skipReason string
	// workspace is the tmpfs of this run.
	workspace string
	// subjectGuarded and subjectUnguarded are the programs under test: with all guards, and
	// without the guard that guard.EnvDrop names.
	subjectGuarded, subjectUnguarded string
)

func TestMain(m *testing.M) {
	code, err := runInNamespace(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// runInNamespace runs the tests in a mount namespace that disappears with them.
func runInNamespace(m *testing.M) (int, error) {
	if skipReason = missingRequirement(); skipReason != "" {
		return m.Run(), nil
	}
	if os.Getenv(envInside) == "" {
		return reexecInNamespace()
	}
	if err := makeMountsPrivate(); err != nil {
		return 0, fmt.Errorf("make mounts private: %w", err)
	}
	removeStaleDirs()
	workspace = filepath.Join(os.TempDir(), dirPrefix+strconv.Itoa(os.Getpid()))
	if err := os.Mkdir(workspace, 0o700); err != nil {
		return 0, err
	}
	defer os.Remove(workspace)
	if err := unix.Mount("tmpfs", workspace, "tmpfs", 0, "size=2g"); err != nil {
		return 0, fmt.Errorf("mount tmpfs: %w", err)
	}
	defer func() { _ = unix.Unmount(workspace, unix.MNT_DETACH) }()
	if err := buildSubjects(); err != nil {
		return 0, err
	}
	return m.Run(), nil
}

// makeMountsPrivate hides the mounts of this namespace from others. Only a mount point can be made
// private, and the root of a chroot is not one: in that case the root is bind-mounted onto itself
// and entered by "/..", which resolves to the topmost mount, unlike "/".
func makeMountsPrivate() error {
	err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, "")
	if !errors.Is(err, unix.EINVAL) {
		return err
	}
	dir, err := os.Getwd()
	if err != nil {
		return err
	}
	if err := unix.Mount("/", "/", "", unix.MS_BIND|unix.MS_REC, ""); err != nil {
		return err
	}
	if err := unix.Chroot("/.."); err != nil {
		return err
	}
	if err := os.Chdir(dir); err != nil {
		return err
	}
	return unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, "")
}

// missingRequirement returns why the tests cannot run on this machine, or "".
func missingRequirement() string {
	if os.Getuid() != 0 {
		return "mounting needs root"
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

// reexecInNamespace runs the tests in their own mount namespace. They are killed if this
// process dies.
func reexecInNamespace() (int, error) {
	runtime.LockOSThread() // Pdeathsig fires when this thread exits
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

// removeStaleDirs removes the empty folders of killed runs, whose mounts have disappeared with
// their namespaces.
func removeStaleDirs() {
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

// tortureDir skips a test that cannot run here, or returns a folder in the workspace.
func tortureDir(t *testing.T) string {
	t.Helper()
	if skipReason != "" {
		t.Skip("cannot simulate power cuts: " + skipReason)
	}
	dir, err := os.MkdirTemp(workspace, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

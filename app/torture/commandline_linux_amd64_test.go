package torture

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"vmterminal/app/torture/calls"
	"vmterminal/app/torture/usecase"
	"vmterminal/vm/home"
)

// commandLine returns the command line for the words of a use case.
func commandLine(root string, words []string) []string {
	arg := func(n int) string { return words[n] }
	of := func(args ...string) []string { return append(args, "--vm", usecase.VM) }
	switch words[0] {
	case "create":
		return of("snapshot", "create", arg(1), "-d", "as taken")
	case "describe":
		return of("snapshot", "describe", arg(1), arg(2))
	case "pin":
		return of("snapshot", "pin", arg(1))
	case "unpin":
		return of("snapshot", "unpin", arg(1))
	case "rename":
		return of("snapshot", "rename", arg(1), arg(2))
	case "delete":
		return of("snapshot", "delete", arg(1))
	case "prune":
		return of("snapshot", "prune", "--keep-last", "1")
	case "restore":
		return of("snapshot", "restore", arg(1))
	case "restore-lazy":
		return of("snapshot", "restore", arg(1), "--background")
	case "undo":
		return of("snapshot", "undo")
	case "discard":
		return of("snapshot", "undo", "--discard", "--yes")
	case "verify":
		return of("snapshot", "verify", arg(1))
	case "import":
		return of("snapshot", "import", arg(1), "--name", arg(2))
	case "export":
		return of("snapshot", "export", arg(1), filepath.Join(root, usecase.Exported))
	case "clone":
		return of("snapshot", "clone", arg(1), arg(2))
	case "vm-create":
		return []string{"vm", "create", arg(1)}
	case "vm-reuse":
		return []string{"vm", "create", arg(1), "--reuse-data"}
	case "vm-from-image":
		return []string{"vm", "create", arg(1), "--image", arg(2), "--disk-size", strconv.Itoa(usecase.DiskSize >> 20)}
	case "image-import":
		return []string{"image", "import", arg(1), "--name", arg(2)}
	case "image-remove":
		return []string{"image", "rm", arg(1)}
	case "vm-rename":
		return []string{"vm", "rename", arg(1), arg(2)}
	case "vm-clone":
		return []string{"vm", "clone", arg(1), arg(2)}
	case "vm-cpus":
		return []string{"vm", "set", arg(1), "--cpus", "3"}
	case "vm-use":
		return []string{"vm", "use", arg(1)}
	case "vm-delete":
		return []string{"vm", "delete", arg(1)}
	case "vm-purge":
		return []string{"vm", "delete", arg(1), "--purge", "--yes"}
	default:
		return append([]string{"usecase"}, words...)
	}
}

// A commandResult is the result of a command.
type commandResult struct {
	out, err string
	exit     int
	killed   bool // by SIGKILL
}

func newCommandResult(status syscall.WaitStatus, out, errs string) commandResult {
	return commandResult{out: out, err: errs, exit: status.ExitStatus(), killed: status.Signaled() && status.Signal() == syscall.SIGKILL}
}

// commandArgs returns the trial's command on the bench's store.
func (b *bench) commandArgs() []string {
	return append([]string{commandProgram}, commandLine(b.home, b.fixture.expandPaths(b.trial.step))...)
}

// runCommand runs the trial's command, and kills it after a delay unless that is 0.
func (b *bench) runCommand(kill time.Duration) (commandResult, error) {
	args := b.commandArgs()
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Env = b.env()
	var out, errs strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Start(); err != nil {
		return commandResult{}, err
	}
	if kill != 0 {
		timer := time.AfterFunc(kill, func() { _ = cmd.Process.Kill() })
		defer timer.Stop()
	}
	err := cmd.Wait()
	if err != nil && !errors.As(err, new(*exec.ExitError)) {
		return commandResult{}, err
	}
	return newCommandResult(cmd.ProcessState.Sys().(syscall.WaitStatus), out.String(), errs.String()), nil
}

// runTraced runs the trial's command and calls decide for each call. The command runs on as few
// threads as Go allows, so that the n-th call is always the same.
func (b *bench) runTraced(decide func(n int, c calls.Call) calls.Decision) (commandResult, error) {
	var streams [2]*os.File
	for at := range streams {
		f, err := os.Create(filepath.Join(b.dir, fmt.Sprint("stream-", at)))
		if err != nil {
			return commandResult{}, err
		}
		defer f.Close()
		streams[at] = f
	}
	status, err := calls.Run(calls.Program{
		Args: b.commandArgs(), Env: append(b.env(), "GOMAXPROCS=1", "GODEBUG=asyncpreemptoff=1"),
		Out: streams[0], Err: streams[1], Dir: b.home,
	}, decide)
	if err != nil {
		return commandResult{}, err
	}
	out, outErr := os.ReadFile(streams[0].Name())
	errs, errsErr := os.ReadFile(streams[1].Name())
	return newCommandResult(status, string(out), string(errs)), errors.Join(outErr, errsErr)
}

func (b *bench) env() []string {
	return []string{home.EnvVar + "=" + b.home, "PATH=" + os.Getenv("PATH"), "LANG=C.UTF-8", "HOME=" + b.dir, "TZ=UTC"}
}

// commandProgram is the path of the program built from ./command.
var commandProgram string

func buildCommand(t *testing.T) {
	t.Helper()
	if commandProgram != "" {
		return
	}
	out := filepath.Join(workspace, "command")
	cmd := exec.Command("go", "build", "-trimpath=false", "-buildvcs=false", "-tags", "nogui", "-o", out, "./command")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", cmd.Args, err, text)
	}
	commandProgram = out
}

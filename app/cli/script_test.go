package cli_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"vmterminal/app"
	"vmterminal/app/cli"
	"vmterminal/app/problem"
	"vmterminal/assets/guest"
	"vmterminal/snapshot"
	"vmterminal/vm/home"
	"vmterminal/vm/image/fetch"
)

// commands maps names to the programs that the test binary acts as.
var commands = map[string]func(){"vmterminal": program, "vmt": program}

// mirror names the environment variable that holds the URL of a server that replaces those of
// all distributions. In a script, the server serves the folder www.
const mirror = "VMTERMINAL_TEST_MIRROR"

// here is the folder of this package's source.
var here, _ = os.Getwd()

func TestMain(m *testing.M) {
	testscript.Main(m, commands)
}

// program runs the real program without a window. It also acts as the supervisor.
func program() {
	root, err := home.Find()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(problem.ExitFailure)
	}
	exe, err := os.Executable()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(problem.ExitFailure)
	}
	log, level := app.NewLog(newSuspendingLog(os.Stderr))
	svc := app.New(app.Options{
		Home: root, Program: exe, Version: "test", Log: log,
		Guest:  app.BuiltinGuest{WriteDisk: guest.WriteDisk, Kernel: guest.KernelFile, CommandLine: guest.CommandLine, Agent: guest.Agent, Version: guest.Version},
		Images: app.ImageSources{Client: fetch.Client{Mirror: os.Getenv(mirror), RetryPause: time.Millisecond}},
	})
	os.Exit(cli.Run(svc, os.Args[1:], cli.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, LogLevel: level}))
}

// suspendAt names the environment variable that makes the program suspend itself. A script that
// suspended the program after a while could not know how far it has gone. The value "2 x" means
// when the debug log contains "x" for the second time.
const suspendAt = "VMTERMINAL_TEST_SUSPEND_AT"

// suspendingLog writes the lines of a log to w, and suspends the process as suspendAt requests.
type suspendingLog struct {
	w    io.Writer
	at   string
	left int // lines that contain at, until the process is suspended
}

func newSuspendingLog(w io.Writer) *suspendingLog {
	count, at, _ := strings.Cut(os.Getenv(suspendAt), " ")
	left, _ := strconv.Atoi(count) // 0, for never, if the variable is not set
	return &suspendingLog{w, at, left}
}

func (l *suspendingLog) Write(line []byte) (int, error) {
	n, err := l.w.Write(line)
	if bytes.Contains(line, []byte(l.at)) {
		if l.left--; l.left == 0 {
			_ = syscall.Kill(os.Getpid(), syscall.SIGSTOP)
		}
	}
	return n, err
}

// waitSuspended waits until a process is suspended.
func waitSuspended(pid int) error {
	for deadline := time.Now().Add(awaitTimeout); ; time.Sleep(5 * time.Millisecond) {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			return err
		}
		_, fields, _ := strings.Cut(string(text), ") ")
		switch state, _, _ := strings.Cut(fields, " "); {
		case state == "T":
			return nil
		case state == "Z" || time.Now().After(deadline):
			return fmt.Errorf("process %d was not suspended, its state is %s", pid, state)
		}
	}
}

func TestScripts(t *testing.T) { testscript.Run(t, scripts(t, "testdata/script")) }

// scripts returns the parameters for the scripts in dir. Each script has its own store.
func scripts(t *testing.T, dir string) testscript.Params {
	return testscript.Params{
		Dir:                 dir,
		RequireExplicitExec: false,
		Setup: func(env *testscript.Env) error {
			// Socket paths must be short.
			root, err := os.MkdirTemp("", "vmt")
			if err != nil {
				return err
			}
			env.Defer(func() {
				stopAll(t, home.Dir(root))
				os.RemoveAll(root)
			})
			env.Setenv(home.EnvVar, root)
			www := httptest.NewServer(http.FileServer(http.Dir(filepath.Join(env.WorkDir, "www"))))
			env.Defer(www.Close)
			env.Setenv(mirror, www.URL)
			env.Setenv("TZ", "UTC")
			// BARE is a PATH that contains only the program.
			env.Setenv("BARE", filepath.SplitList(env.Getenv("PATH"))[0])
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"await":      await,
			"exits":      exits,
			"flip":       flip,
			"documented": documented,
			"efidisk":    efidisk,
			"off":        off,
			"said":       said,
			"suspended":  suspended,
			"thaw":       thaw,
		},
	}
}

// stopAll stops the VMs that a script left running.
func stopAll(t *testing.T, root home.Dir) {
	ctx := context.WithoutCancel(t.Context()) // the test's context is canceled by now
	svc := app.New(app.Options{Home: root})
	list, _, err := svc.VMs(ctx)
	if err != nil {
		return
	}
	for _, v := range list {
		if v.State.Alive() {
			if err := svc.Stop(ctx, v.Name, app.StopOptions{Force: true}, nil); err != nil {
				t.Errorf("stop the VM that the script left running: %v", err)
			}
		}
	}
}

// exits CODE COMMAND...: checks that the command exits with CODE.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND...")
	}
	err := ts.Exec(args[1], args[2:]...)
	code := 0
	var exit interface{ ExitCode() int }
	if e, ok := err.(interface{ ExitCode() int }); ok {
		exit = e
		code = exit.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if fmt.Sprint(code) != args[0] {
		ts.Fatalf("%v exited with %d, want %s", args[1:], code, args[0])
	}
}

// awaitTimeout bounds each wait, so that a script fails instead of waiting for an event that no
// longer comes. It must be long enough for an emulated guest to boot on a loaded machine.
const awaitTimeout = 10 * time.Minute

// await REGEXP COMMAND...: runs the command repeatedly until its standard output matches.
func await(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: await REGEXP COMMAND...")
	}
	want, err := regexp.Compile("(?m)" + args[0])
	ts.Check(err)
	pause := 20 * time.Millisecond
	for deadline := time.Now().Add(awaitTimeout); ; time.Sleep(pause) {
		pause = min(2*pause, 500*time.Millisecond) // each run is logged
		err := ts.Exec(args[1], args[2:]...)
		if want.MatchString(ts.ReadFile("stdout")) {
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("%v printed nothing that matches %q within %v (its last error: %v)", args[1:], want, awaitTimeout, err)
		}
	}
}

// suspended: waits until the oldest background command has suspended itself; see suspendAt. It
// stays suspended until thaw or the end of the script.
func suspended(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 0 {
		ts.Fatalf("usage: suspended")
	}
	oldest := ts.BackgroundCmds()[0].Process
	ts.Defer(func() { _ = oldest.Signal(syscall.SIGCONT) }) // it may have exited
	ts.Check(waitSuspended(oldest.Pid))
}

// thaw: continues the oldest background command.
func thaw(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 0 {
		ts.Fatalf("usage: thaw")
	}
	ts.Check(ts.BackgroundCmds()[0].Process.Signal(syscall.SIGCONT))
}

// documented COMMAND: checks that the last line on standard output matches the description of
// COMMAND in docs/json.md.
func documented(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: documented COMMAND")
	}
	page, err := cli.ReadPage(filepath.Join(here, "../../docs/json.md"))
	ts.Check(err)
	lines := strings.Split(strings.TrimSpace(ts.ReadFile("stdout")), "\n")
	ts.Check(page.Check(args[0], lines[len(lines)-1]))
}

// flip FILE OFFSET: inverts a byte of a file.
func flip(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: flip FILE OFFSET")
	}
	var at int64
	if _, err := fmt.Sscan(args[1], &at); err != nil {
		ts.Fatalf("offset: %v", err)
	}
	f, err := os.OpenFile(ts.MkAbs(args[0]), os.O_RDWR, 0)
	ts.Check(err)
	defer f.Close()
	if at < 0 {
		info, err := f.Stat()
		ts.Check(err)
		at += info.Size()
	}
	b := make([]byte, 1)
	_, err = f.ReadAt(b, at)
	ts.Check(err)
	b[0] ^= 0xff
	_, err = f.WriteAt(b, at)
	ts.Check(err)
}

func TestDefaultHome(t *testing.T) {
	t.Setenv(home.EnvVar, "")
	t.Setenv("HOME", "/home/someone")
	root, err := home.Find()
	if err != nil {
		t.Fatal(err)
	}
	got := snapshot.File(root.VM("default").Snapshots(), "before-upgrade")
	want := filepath.FromSlash("/home/someone/.vmterminal/data/default/snapshots/before-upgrade.raw.gz")
	if got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

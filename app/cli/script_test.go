package cli_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"vmterminal/app"
	"vmterminal/app/cli"
	"vmterminal/app/ondisk"
	"vmterminal/assets/guest"
	"vmterminal/vm/image/fetch"
)

// commands are what the test binary is, by the name it is called.
var commands = map[string]func(){"vmterminal": program, "vmt": program}

// mirror names the variable with the address below which the servers of all
// projects are. A script's is its folder www.
const mirror = "VMTERMINAL_TEST_MIRROR"

// here is the folder of the commands' source.
var here, _ = os.Getwd()

func TestMain(m *testing.M) {
	testscript.Main(m, commands)
}

// program is the commands as the real program has them; it is its own host
// process too.
func program() {
	home, err := ondisk.FindHome()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(app.ExitFailure)
	}
	exe, err := os.Executable()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(app.ExitFailure)
	}
	svc := app.New(app.Options{
		Home: home, Program: exe, Version: "test",
		Guest:  app.BuiltinGuest{WriteDisk: guest.WriteDisk, Kernel: guest.KernelFile, CommandLine: guest.CommandLine, Agent: guest.Agent, Version: guest.Version},
		Images: app.ImageSources{Client: fetch.Client{Mirror: os.Getenv(mirror), Pause: time.Millisecond}},
	})
	os.Exit(cli.Run(svc, os.Args[1:], cli.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}))
}

func TestScripts(t *testing.T) { testscript.Run(t, scripts(t, "testdata/script")) }

// scripts are run each with a home of its own.
func scripts(t *testing.T, dir string) testscript.Params {
	return testscript.Params{
		Dir:                 dir,
		RequireExplicitExec: false,
		Setup: func(env *testscript.Env) error {
			// Socket paths are short, and so must be the home's.
			home, err := os.MkdirTemp("", "vmt")
			if err != nil {
				return err
			}
			env.Defer(func() {
				stopAll(t, ondisk.Home(home))
				os.RemoveAll(home)
			})
			env.Setenv(ondisk.EnvHome, home)
			www := httptest.NewServer(http.FileServer(http.Dir(filepath.Join(env.WorkDir, "www"))))
			env.Defer(www.Close)
			env.Setenv(mirror, www.URL)
			env.Setenv("TZ", "UTC")
			// A path with the program on it and nothing else.
			env.Setenv("BARE", filepath.SplitList(env.Getenv("PATH"))[0])
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":      exits,
			"flip":       flip,
			"documented": documented,
			"efidisk":    efidisk,
			"off":        off,
			"said":       said,
		},
	}
}

// stopAll ends what a script left running.
func stopAll(t *testing.T, home ondisk.Home) {
	ctx := context.WithoutCancel(t.Context()) // it has ended by now
	svc := app.New(app.Options{Home: home})
	list, _, err := svc.VMs(ctx)
	if err != nil {
		return
	}
	for _, v := range list {
		if v.State.Alive() {
			if err := svc.Stop(ctx, v.Name, app.StopOptions{Force: true}, nil); err != nil {
				t.Errorf("stopping what the script left: %v", err)
			}
		}
	}
}

// exits CODE COMMAND...: the command ends with exactly this exit code.
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
		ts.Fatalf("%v ended with %d, want %s", args[1:], code, args[0])
	}
}

// documented COMMAND: the last line on standard output is what the page on --json
// says that the command writes.
func documented(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: documented COMMAND")
	}
	page, err := cli.ReadPage(filepath.Join(here, "JSON.md"))
	ts.Check(err)
	lines := strings.Split(strings.TrimSpace(ts.ReadFile("stdout")), "\n")
	ts.Check(page.Wrong(args[0], lines[len(lines)-1]))
}

// flip FILE OFFSET: inverts one byte of a file.
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

// What a script names as a path must be what the page of the user says.
func TestHomeIsUnderTheUsersHome(t *testing.T) {
	t.Setenv(ondisk.EnvHome, "")
	t.Setenv("HOME", "/home/someone")
	home, err := ondisk.FindHome()
	if err != nil {
		t.Fatal(err)
	}
	got := ondisk.SnapshotFile(home.VM("default").Snapshots(), "before-upgrade")
	want := filepath.FromSlash("/home/someone/.vmterminal/data/default/snapshots/before-upgrade.raw.gz")
	if got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

package cli_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"testing"

	"vmterminal/app"
	"vmterminal/vm/home"
)

// closedPipe returns the write end of a pipe without a reader.
func closedPipe(t *testing.T) *os.File {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	r.Close()
	t.Cleanup(func() { w.Close() })
	return w
}

// TestClosedPipes closes the output of commands, as '2>&1 | head' does. It checks that a job
// continues without standard error, and that a command exits quietly without standard output.
func TestClosedPipes(t *testing.T) {
	root := t.TempDir()
	svc := app.New(app.Options{Home: home.Dir(root), Guest: app.BuiltinGuest{
		WriteDisk: func(_ context.Context, f *os.File, size int64) error { return f.Truncate(size) },
	}})
	n, err := svc.DefaultVM(t.Context(), "dev")
	if err == nil {
		_, err = svc.CreateVM(t.Context(), n)
	}
	if err != nil {
		t.Fatal(err)
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	command := func(args ...string) *exec.Cmd {
		cmd := exec.Command(exe, args...)
		cmd.Args[0] = "vmterminal"
		cmd.Env = append(os.Environ(), home.EnvVar+"="+root)
		return cmd
	}

	create := command("snapshot", "create", "one")
	create.Stderr = closedPipe(t)
	if out, err := create.Output(); err != nil || !bytes.Contains(out, []byte("one")) {
		t.Errorf("closed standard error: got output %q, error %v; want the snapshot's name, nil", out, err)
	}

	for _, args := range [][]string{{"snapshot", "list"}, {"snapshot", "verify", "one", "--json"}} {
		var said bytes.Buffer
		list := command(args...)
		list.Stdout, list.Stderr = closedPipe(t), &said
		const want = 141 // what a shell reports for SIGPIPE
		var exit *exec.ExitError
		if err := list.Run(); !errors.As(err, &exit) || exit.ExitCode() != want {
			t.Errorf("%v with closed standard output: got %v, want exit code %d", args, err, want)
		}
		if bytes.Contains(said.Bytes(), []byte("Could not")) {
			t.Errorf("%v with closed standard output: got message %q, want none about a failure", args, said.String())
		}
	}
	if ended, err := svc.JobHistory(t.Context(), 10); err != nil || len(ended) != 2 {
		t.Errorf("history: got %+v, %v; want the snapshot and its verification", ended, err)
	}
}

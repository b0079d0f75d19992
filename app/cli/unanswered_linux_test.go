package cli

import (
	"context"
	"io"
	"os"
	"testing"

	"github.com/creack/pty"
	"github.com/spf13/cobra"

	"vmterminal/app"
	"vmterminal/app/problem"
)

// runnerOnTerminal returns a runner on a terminal, and a file for typing on that terminal.
func runnerOnTerminal(t *testing.T) (*runner, *os.File) {
	t.Helper()
	keys, screen, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { keys.Close(); screen.Close() })
	go func() { _, _ = io.Copy(io.Discard, keys) }()
	return &runner{printer: &printer{io: Streams{In: screen, Out: screen, Err: screen}}}, keys
}

const endOfInput = "\x04"

// TestTryWithoutAnAnswer checks that changes are kept at the end of input, and that a
// canceled question is reported.
func TestTryWithoutAnAnswer(t *testing.T) {
	r, keys := runnerOnTerminal(t)
	if _, err := keys.WriteString(endOfInput); err != nil {
		t.Fatal(err)
	}
	if back, err := decideRollback(t.Context(), r.printer, &tryRun{vm: "dev"}); back || err != nil {
		t.Errorf("at the end of input: got %v, %v; want false, <nil>", back, err)
	}
	r, _ = runnerOnTerminal(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := decideRollback(ctx, r.printer, &tryRun{vm: "dev"})
	if err == nil {
		t.Fatal("no error after cancellation")
	}
	p := explain(err)
	const want = "Could not end the try in VM 'dev': canceled; the snapshot and the effects of the command remain"
	if p.line() != want || p.Exit != problem.ExitInterrupted {
		t.Errorf("got %q and exit code %d, want %q and %d", p.line(), p.Exit, want, problem.ExitInterrupted)
	}
}

// TestPackagesWithoutAnAnswer checks that no packages are removed without an answer.
func TestPackagesWithoutAnAnswer(t *testing.T) {
	r, keys := runnerOnTerminal(t)
	if _, err := keys.WriteString(endOfInput); err != nil {
		t.Fatal(err)
	}
	cmd := &cobra.Command{}
	cmd.SetContext(t.Context())
	_, err := offerSnapshot(r.printer, cmd, app.PackageRemove)
	if err == nil {
		t.Fatal("no error at the end of input")
	}
	if p := explain(err); p.line() != "Canceled: not confirmed. Nothing was changed." || p.Exit != problem.ExitFailure {
		t.Errorf("got %q and exit code %d, want the cancellation and 1", p.line(), p.Exit)
	}
}

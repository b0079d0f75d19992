package cli

import (
	"context"
	"io"
	"os"
	"testing"

	"github.com/creack/pty"
	"github.com/spf13/cobra"

	"vmterminal/app"
)

// asking is a face on a terminal, and that terminal's keyboard.
func asking(t *testing.T) (*face, *os.File) {
	t.Helper()
	keys, screen, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { keys.Close(); screen.Close() })
	go func() { _, _ = io.Copy(io.Discard, keys) }()
	return &face{io: Streams{In: screen, Out: screen, Err: screen}}, keys
}

const endOfInput = "\x04"

// Who does not say whether to keep what was tried keeps it, and is told the truth.
func TestTryWithoutAnAnswer(t *testing.T) {
	f, keys := asking(t)
	if _, err := keys.WriteString(endOfInput); err != nil {
		t.Fatal(err)
	}
	if back, err := f.choose(t.Context(), &trial{vm: "dev"}); back || err != nil {
		t.Errorf("at the end of the input: %v, %v", back, err)
	}
	f, _ = asking(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := f.choose(ctx, &trial{vm: "dev"})
	if err == nil {
		t.Fatal("a try that was cancelled goes on")
	}
	p := explain(err)
	const want = "Could not end the try in VM 'dev': cancelled; the snapshot stays, and so does what the command did"
	if p.Line() != want || p.Exit != app.ExitInterrupted {
		t.Errorf("%d, %q", p.Exit, p.Line())
	}
}

// Packages are removed after an answer only.
func TestPackagesWithoutAnAnswer(t *testing.T) {
	f, keys := asking(t)
	if _, err := keys.WriteString(endOfInput); err != nil {
		t.Fatal(err)
	}
	cmd := &cobra.Command{}
	cmd.SetContext(t.Context())
	_, err := f.offerSnapshot(cmd, app.PackageRemove)
	if err == nil {
		t.Fatal("it goes on")
	}
	if p := explain(err); p.Line() != "Could not go on: the answer was not yes. Nothing was changed." || p.Exit != app.ExitFailure {
		t.Errorf("%d, %q", p.Exit, p.Line())
	}
}

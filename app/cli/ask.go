package cli

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"vmterminal/app"
)

// asTerminal returns stream as a file and reports whether it is a terminal.
func asTerminal(stream any) (*os.File, bool) {
	f, ok := stream.(*os.File)
	return f, ok && term.IsTerminal(int(f.Fd()))
}

// confirm asks a yes-or-no question on the terminal. It returns a usage error without a
// terminal, and errNotConfirmed if the answer is not yes.
func confirm(p *printer, cmd *cobra.Command, question string) error {
	in, ok := asTerminal(p.io.In)
	if !ok {
		return usagef(cmd, "%s Without a terminal, --yes is required", question)
	}
	_, _ = io.WriteString(p.io.Err, app.Plain(question)+" [y/N] ")
	answer, err := bufio.NewReader(in).ReadString('\n')
	if err != nil && err != io.EOF {
		return err
	}
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "yes":
		return nil
	default:
		return errNotConfirmed
	}
}

// questionTerminal returns the terminal to read answers from. It returns false with --json, or
// if standard input or standard error is not a terminal.
func questionTerminal(p *printer) (*os.File, bool) {
	in, ok := asTerminal(p.io.In)
	_, shows := asTerminal(p.io.Err)
	return in, ok && shows && !p.json
}

// askYesNo repeats question until the answer is yes or no; an empty answer means yes. At the
// end of input it returns errNotConfirmed.
func askYesNo(ctx context.Context, p *printer, in io.Reader, question string) (bool, error) {
	for {
		_, _ = io.WriteString(p.io.Err, question+" [Y/n] ")
		answer, err := readAnswer(ctx, in)
		if err != nil {
			p.infof("")
			if errors.Is(err, io.EOF) {
				err = errNotConfirmed
			}
			return false, err
		}
		switch strings.ToLower(strings.TrimSpace(answer)) {
		case "", "y", "yes":
			return true, nil
		case "n", "no":
			return false, nil
		}
	}
}

// readAnswer reads a line; it returns early with ctx.Err() if ctx is done.
func readAnswer(ctx context.Context, in io.Reader) (string, error) {
	type line struct {
		text string
		err  error
	}
	got := make(chan line, 1)
	go func() {
		text, err := bufio.NewReader(in).ReadString('\n')
		got <- line{text, err}
	}()
	select {
	case l := <-got:
		return l.text, l.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

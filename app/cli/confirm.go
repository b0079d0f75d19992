package cli

import (
	"bufio"
	"errors"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"vmterminal/app"
)

var errNotConfirmed = errors.New("the answer was not yes")

// terminal returns the file behind a stream if it is a terminal.
func terminal(stream any) (*os.File, bool) {
	f, ok := stream.(*os.File)
	return f, ok && term.IsTerminal(int(f.Fd()))
}

// confirm asks on a terminal, and refuses where there is none to ask.
func (f *face) confirm(cmd *cobra.Command, question string) error {
	in, ok := terminal(f.io.In)
	if !ok {
		return usagef(cmd, "%s Without a terminal to ask on, this needs --yes", question)
	}
	_, _ = io.WriteString(f.io.Err, app.Plain(question)+" [y/N] ")
	answer, err := bufio.NewReader(in).ReadString('\n')
	if err != nil && err != io.EOF {
		return err
	}
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "yes":
		return nil
	default:
		return notConfirmed()
	}
}

func notConfirmed() error {
	return &app.Failure{Doing: app.Phrase{Format: "go on"}, Disk: "Nothing was changed.", Err: errNotConfirmed}
}

package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"vmterminal/app"
	"vmterminal/app/problem"
)

// usageError is an error in the command line.
type usageError struct {
	cmd *cobra.Command
	err error
}

func (u usageError) Error() string { return u.err.Error() }

func (u usageError) Unwrap() error { return u.err }

// usagef returns a usage error.
func usagef(cmd *cobra.Command, format string, args ...any) error {
	return usageError{cmd, fmt.Errorf(format, args...)}
}

var errNotConfirmed = errors.New("not confirmed")

// outputError is a failure to write a command's output. It has no Unwrap method, because
// app.Explain would mistake an ENOSPC from the output for a full store.
type outputError struct {
	cause    error
	complete bool // the command itself succeeded
}

func (e *outputError) Error() string { return "write output: " + e.cause.Error() }

// markCompleted records in err, if it is an output error, that the command itself succeeded.
func markCompleted(err error) error {
	var output *outputError
	if errors.As(err, &output) {
		output.complete = true
	}
	return err
}

// printFailure prints a failure that does not end the command.
func (p *printer) printFailure(m message) { p.infof("%s: %s", ProgramName(), m.line()) }

// reportError prints err on one line and returns the exit code.
func (p *printer) reportError(err error) int {
	if err == nil {
		return problem.ExitOK
	}
	var exit guestExit
	if errors.As(err, &exit) {
		return int(exit)
	}
	var output *outputError
	if errors.As(err, &output) && errors.Is(output.cause, syscall.EPIPE) {
		return exitBrokenPipe
	}
	m := explain(err)
	if p.json && !p.wroteResult {
		_ = p.writeLine("error", struct {
			Schema int        `json:"schema"`
			Error  *errorJSON `json:"error"`
		}{schema, errorDocument(m)})
	}
	fmt.Fprintln(p.io.Err, colorize(p.io.Err, red, ProgramName()+":")+" "+m.line())
	return m.Exit
}

// exitBrokenPipe is the exit status that shells report for a process killed by SIGPIPE.
const exitBrokenPipe = 128 + int(syscall.SIGPIPE)

// explain returns the message for an error from the Service or this package.
func explain(err error) message {
	p := explainByType(err)
	var own *guestCommandFailure
	if errors.As(err, &own) {
		p.Exit = own.exitCode(p.Exit)
	}
	return p
}

func explainByType(err error) message {
	var usage usageError
	var output *outputError
	var checks checksFailed
	switch {
	case errors.As(err, &usage):
		return message{
			Title: "Wrong usage", Detail: withProgramName(strings.ReplaceAll(usage.Error(), "\n", " ")), Exit: problem.ExitUsage,
			Hint: withProgramName(fmt.Sprintf("See: %s --help", usage.cmd.CommandPath())),
		}
	case errors.As(err, &output):
		p := message{Title: "Could not write the output", Detail: app.Plain(output.cause.Error()), Exit: problem.ExitFailure}
		if output.complete {
			p.Disk = "The command itself succeeded."
		}
		return p
	case errors.As(err, &checks):
		return message{Title: "Checks failed", Detail: checks.Error(), Exit: problem.ExitFailure}
	case errors.Is(err, context.Canceled):
		p := render(app.Explain(err))
		p.Exit = problem.ExitInterrupted
		return p
	case errors.Is(err, errNotConfirmed):
		return message{Title: "Canceled", Detail: err.Error(), Disk: stateTexts[problem.NothingChanged], Exit: problem.ExitFailure}
	default:
		return render(app.Explain(err))
	}
}

// ErrorLine returns the line that commands print for an error, and their exit code.
func ErrorLine(err error) (line string, exit int) {
	m := explain(err)
	return m.line(), m.Exit
}

type errorJSON struct {
	Title  string `json:"title"`
	Detail string `json:"detail"`
	Disk   string `json:"disk,omitempty"`
	Hint   string `json:"hint,omitempty"`
	Exit   int    `json:"exit_code"`
}

func errorDocument(m message) *errorJSON {
	return &errorJSON{m.Title, m.Detail, m.Disk, m.Hint, m.Exit}
}

// failureJSON returns the JSON form of the error of a command that was partly successful, or
// nil if there is no error.
func failureJSON(err error) *errorJSON {
	if err == nil {
		return nil
	}
	return errorDocument(explain(err))
}

package cli

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"vmterminal/app"
	"vmterminal/app/problem"
)

func execCommand(r *runner) *cobra.Command {
	var onTerminal, noInput bool
	cmd := &cobra.Command{
		Use:   "exec [flags] [--] COMMAND [ARG...]",
		Short: "Run a command in a running VM",
		Long: `Exec runs a command in the guest as root, with its standard streams connected to
this terminal. Flags after COMMAND belong to the command. If exec runs in a terminal,
the command gets one in the guest, too, unless --tty=false is given.

Like ssh, exec reads standard input: in a 'while read' loop it would consume the loop's
input. Use -n there.

` + guestExitCodes,
		Example: `  vmterminal exec uname -a
  vmterminal exec --vm dev -- sh -c 'echo hello > /root/file'
  tar -c . | vmterminal exec tar -x -C /root
  while read name; do vmterminal exec -n touch "$name"; done < names
  vmterminal exec top`,
		Args: cobra.MinimumNArgs(1), ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			if noInput && onTerminal {
				return usagef(cmd, "-n and --tty cannot be combined")
			}
			if !cmd.Flags().Changed("tty") && !noInput {
				onTerminal = isOnTerminal(r.printer)
			}
			if onTerminal {
				return execInteractive(r, cmd, args)
			}
			c := app.GuestCommand{Args: args, Stdout: r.stdout(), Stderr: r.stderr()}
			// A terminal is passed to the command only with --tty.
			if _, ok := asTerminal(r.io.In); !ok && !noInput {
				c.Stdin = r.io.In
			}
			exit, err := r.svc.Exec(cmd.Context(), r.vm, c)
			return guestExitError(exit, err)
		},
	}
	cmd.Flags().BoolVarP(&onTerminal, "tty", "t", false, "allocate a terminal in the guest (default: on if standard input, output and error are all terminals)")
	cmd.Flags().BoolVarP(&noInput, "no-stdin", "n", false, "do not pass standard input to the command")
	addFilterFlag(r, cmd)
	return addVMFlag(r, markGuestCommand(cmd))
}

// isOnTerminal reports whether all standard streams are terminals.
func isOnTerminal(p *printer) bool {
	for _, stream := range []any{p.io.In, p.io.Out, p.io.Err} {
		if _, ok := asTerminal(stream); !ok {
			return false
		}
	}
	return true
}

// execInteractive runs a command on a terminal in the guest that is connected to this one.
// Without args it runs a shell.
func execInteractive(r *runner, cmd *cobra.Command, args []string) error {
	return guestExitError(execOnTerminal(r, cmd, args))
}

func execOnTerminal(r *runner, cmd *cobra.Command, args []string) (exit int, err error) {
	in, ok := asTerminal(r.io.In)
	if !ok {
		return 0, usagef(cmd, "standard input is not a terminal")
	}
	size, err := terminalSize(in)
	if err != nil {
		return 0, fmt.Errorf("get the size of this terminal: %w", err)
	}
	ctx, cancel := context.WithCancel(cmd.Context())
	defer cancel()
	tty, err := openTerminal(r, in)
	if err != nil {
		return 0, err
	}
	defer tty.close()
	c := app.GuestCommand{
		Args: args, Stdin: tty.keys, Stdout: tty.out,
		Terminal: &app.GuestTerminal{Size: size, Resized: tty.sizes(ctx)},
	}
	if kind := os.Getenv("TERM"); kind != "" {
		c.Env = append(c.Env, "TERM="+kind)
	}
	return r.svc.Exec(ctx, r.vm, c)
}

// Exit codes for failures of vmterminal itself, in commands that otherwise exit with the exit
// code of the guest's command. env(1), chroot(1) and 'docker exec' use the same codes.
const (
	exitOwnFailure    = 125
	exitNotExecutable = 126
	exitNoCommand     = 127
)

const guestExitCodes = `The exit code is that of the command, or
  125  vmterminal itself failed, for example because the VM is stopped
  126  the command cannot be executed
  127  the guest has no such command
  130  the command was interrupted`

// guestCommand is the annotation of commands that run a command in the guest.
const guestCommand = "guest-command"

// markGuestCommand marks cmd as one that runs a command in the guest. Flags after the guest's
// command belong to that command, and failures of vmterminal itself have separate exit codes.
func markGuestCommand(cmd *cobra.Command) *cobra.Command {
	cmd.Annotations = map[string]string{guestCommand: ""}
	cmd.Flags().SetInterspersed(false)
	return cmd
}

// guestExit is a nonzero exit code of the guest's command; vmterminal exits with the same code.
type guestExit int

func (g guestExit) Error() string {
	return fmt.Sprintf("the command in the guest exited with %d", int(g))
}

// guestExitError returns err, or a guestExit if err is nil and the guest's command exited with a
// nonzero code.
func guestExitError(exit int, err error) error {
	if err == nil && exit != 0 {
		return guestExit(exit)
	}
	return err
}

// guestCommandFailure is a failure of vmterminal itself in a command that runs a command in the
// guest.
type guestCommandFailure struct{ error }

func (g *guestCommandFailure) Unwrap() error { return g.error }

// exitCode returns the exit code for the failure; code is the exit code of the same error in
// other commands.
func (g *guestCommandFailure) exitCode(code int) int {
	switch {
	case code == problem.ExitInterrupted:
		return code
	case errors.Is(g.error, app.ErrNoCommand):
		return exitNoCommand
	case errors.Is(g.error, app.ErrNotExecutable):
		return exitNotExecutable
	default:
		return exitOwnFailure
	}
}

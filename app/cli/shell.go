package cli

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"vmterminal/app"
)

func (f *face) shellCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "shell",
		Short: "Open root's shell in a running VM, on a terminal of its own",
		Long: `Shell opens a shell beside the console, with this terminal's size. It ends with
the shell: 'exit', or Ctrl+D. With no terminal here, the shell reads commands
from standard input.`,
		Example: `  vmterminal shell
  vmterminal shell --vm dev
  echo 'df -h /' | vmterminal shell`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if _, ok := terminal(f.io.In); ok {
				return f.onTerminal(cmd, nil)
			}
			c := app.GuestCommand{Args: []string{"sh"}, Stdin: f.io.In, Stdout: f.io.Out, Stderr: f.io.Err}
			exit, err := f.svc.Exec(cmd.Context(), f.vm, c)
			return guestEnded(exit, err)
		},
	}
	return f.wantVM(cmd)
}

// guestEnded is a guest command's end as a command's own.
func guestEnded(exit int, err error) error {
	if err == nil && exit != 0 {
		return guestExit(exit)
	}
	return err
}

// onTerminal joins this terminal with one in the guest that a command runs on;
// no args mean a shell.
func (f *face) onTerminal(cmd *cobra.Command, args []string) error {
	return guestEnded(f.runOnTerminal(cmd, args))
}

func (f *face) runOnTerminal(cmd *cobra.Command, args []string) (exit int, err error) {
	in, ok := terminal(f.io.In)
	if !ok {
		return 0, usagef(cmd, "standard input is no terminal: there is nothing to join with one in the guest")
	}
	size, err := sizeOf(in)
	if err != nil {
		return 0, fmt.Errorf("this terminal: %w", err)
	}
	ctx, cancel := context.WithCancel(cmd.Context())
	defer cancel()
	before, err := term.MakeRaw(int(in.Fd()))
	if err != nil {
		return 0, fmt.Errorf("this terminal: %w", err)
	}
	defer func() {
		_ = term.Restore(int(in.Fd()), before)
		if out, ok := terminal(f.io.Out); ok {
			_, _ = out.WriteString(calm)
		}
	}()
	c := app.GuestCommand{
		Args: args, Stdin: in, Stdout: f.io.Out,
		Terminal: &app.GuestTerminal{Size: size, Resized: sizes(ctx, in)},
	}
	if kind := os.Getenv("TERM"); kind != "" {
		c.Env = append(c.Env, "TERM="+kind)
	}
	return f.svc.Exec(ctx, f.vm, c)
}

func sizeOf(tty *os.File) (app.TerminalSize, error) {
	columns, rows, err := term.GetSize(int(tty.Fd()))
	if err != nil {
		return app.TerminalSize{}, err
	}
	return app.TerminalSize{Columns: cells(columns, 80), Rows: cells(rows, 24)}, nil
}

// cells is a count that a terminal can have; what is none becomes def.
func cells(n int, def uint16) uint16 {
	if n < 1 || n > 1<<16-1 {
		return def
	}
	return uint16(n)
}

// sizes gives a terminal's size whenever it changes, until ctx ends.
func sizes(ctx context.Context, tty *os.File) <-chan app.TerminalSize {
	changed := make(chan os.Signal, 1)
	signal.Notify(changed, syscall.SIGWINCH)
	out := make(chan app.TerminalSize)
	go func() {
		defer close(out)
		defer signal.Stop(changed)
		for {
			select {
			case <-changed:
			case <-ctx.Done():
				return
			}
			size, err := sizeOf(tty)
			if err != nil {
				continue
			}
			select {
			case out <- size:
			case <-ctx.Done():
				return
			}
		}
	}()
	return out
}

package cli

import (
	"github.com/spf13/cobra"

	"vmterminal/app"
)

func (f *face) execCommand() *cobra.Command {
	var onTerminal bool
	cmd := &cobra.Command{
		Use:   "exec [--vm NAME] -- COMMAND [ARG...]",
		Short: "Run a command in a running VM, with its streams and exit code",
		Example: `  vmterminal exec -- uname -a
  vmterminal exec --vm dev -- sh -c 'echo hello > /root/file'
  tar -c . | vmterminal exec -- tar -x -C /root
  vmterminal exec -t -- top`,
		Args: cobra.MinimumNArgs(1), ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			if onTerminal {
				return f.onTerminal(cmd, args)
			}
			c := app.GuestCommand{Args: args, Stdout: f.io.Out, Stderr: f.io.Err}
			// Keys of a terminal are not taken: who wants to type asks for a terminal.
			if _, ok := terminal(f.io.In); !ok {
				c.Stdin = f.io.In
			}
			exit, err := f.svc.Exec(cmd.Context(), f.vm, c)
			return guestEnded(exit, err)
		},
	}
	cmd.Flags().BoolVarP(&onTerminal, "tty", "t", false, "run it on a terminal in the guest, joined with this one")
	return f.wantVM(cmd)
}

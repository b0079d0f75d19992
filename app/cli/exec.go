package cli

import (
	"github.com/spf13/cobra"

	"vmterminal/app"
)

func (f *face) execCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "exec [--vm NAME] -- COMMAND [ARG...]",
		Short: "Run a command in a running VM, with its streams and exit code",
		Example: `  vmterminal exec -- uname -a
  vmterminal exec --vm dev -- sh -c 'echo hello > /root/file'`,
		Args: cobra.MinimumNArgs(1), ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			c := app.GuestCommand{Args: args, Stdout: f.io.Out, Stderr: f.io.Err}
			// Keys of a terminal are not taken: who wants to type uses the console.
			if _, ok := terminal(f.io.In); !ok {
				c.Stdin = f.io.In
			}
			exit, err := f.svc.Exec(cmd.Context(), f.vm, c)
			if err != nil {
				return err
			}
			if exit != 0 {
				return guestExit(exit)
			}
			return nil
		},
	}
	return f.wantVM(cmd)
}

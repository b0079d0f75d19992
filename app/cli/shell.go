package cli

import (
	"github.com/spf13/cobra"

	"vmterminal/app"
)

func shellCommand(r *runner) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "shell",
		Short: "Open a root shell in a running VM",
		Long: `Shell opens a new terminal session in the guest, separate from the console. 'exit' or
Ctrl+D closes it. If standard input is not a terminal, the shell reads commands from
it.

` + rawOutputHelp,
		Example: `  vmterminal shell
  vmterminal shell --vm dev
  echo 'df -h /' | vmterminal shell`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if _, ok := asTerminal(r.io.In); ok {
				return execInteractive(r, cmd, nil)
			}
			c := app.GuestCommand{Args: []string{"sh"}, Stdin: r.io.In, Stdout: r.stdout(), Stderr: r.stderr()}
			exit, err := r.svc.Exec(cmd.Context(), r.vm, c)
			return guestExitError(exit, err)
		},
	}
	addFilterFlag(r, cmd)
	return addVMFlag(r, markGuestCommand(cmd))
}

package cli

import (
	"errors"
	"os/exec"

	"github.com/spf13/cobra"
)

func (f *face) sshCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "ssh [--vm NAME] [-- COMMAND [ARG...]]",
		Short: "Open SSH to a running VM that has an SSH server, as root",
		Long: `Ssh runs this computer's ssh, with a key of the VM's own, which it lets into the
guest. The guest's host key is asked for by the agent, so ssh does not have to ask
whether to trust it. It goes by the agent's line too: the VM needs no network, and
no port is opened.`,
		Example: `  vmterminal ssh
  vmterminal ssh --vm dev -- journalctl -b`,
		Args: cobra.ArbitraryArgs, ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			if f.json {
				return usagef(cmd, "what ssh shows is no JSON")
			}
			ssh, err := f.svc.SSHCommand(cmd.Context(), f.vm, args)
			if err != nil {
				return err
			}
			// Not ended with the context: a Ctrl+C at the terminal is ssh's own.
			program := exec.Command(ssh[0], ssh[1:]...)
			program.Stdin, program.Stdout, program.Stderr = f.io.In, f.io.Out, f.io.Err
			err = program.Run()
			var ended *exec.ExitError
			if errors.As(err, &ended) {
				return guestEnded(max(1, ended.ExitCode()), nil)
			}
			return err
		},
	}
	return f.wantVM(cmd)
}

package cli

import (
	"errors"
	"io"
	"os/exec"

	"github.com/spf13/cobra"
)

func sshCommand(r *runner) *cobra.Command {
	var noInput bool
	cmd := &cobra.Command{
		Use:   "ssh [flags] [--] [COMMAND [ARG...]]",
		Short: "Connect to a running VM with SSH",
		Long: `Ssh runs this computer's ssh program and logs in as root. The guest needs an SSH
server. A key pair for this VM is created and installed in the guest, and the guest's
host key is read through its agent, so ssh does not ask whether to trust it. The
connection uses the agent's channel, too: the VM needs no network and no open port.`,
		Example: `  vmterminal ssh
  vmterminal ssh --vm dev -- journalctl -b`,
		Args: cobra.ArbitraryArgs, ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			if r.json {
				return usagef(cmd, "ssh produces no JSON")
			}
			program, err := r.svc.SSHCommand(cmd.Context(), r.vm, args)
			if err != nil {
				return err
			}
			if !noInput {
				program.Stdin = r.io.In
			}
			err = runSSH(r, program)
			var ended *exec.ExitError
			if errors.As(err, &ended) {
				return guestExitError(max(1, ended.ExitCode()), nil)
			}
			return err
		},
	}
	cmd.Flags().BoolVarP(&noInput, "no-stdin", "n", false, "do not pass standard input to the command")
	return addVMFlag(r, markGuestCommand(cmd))
}

// runSSH runs ssh until it exits. A canceled context does not stop it, because Ctrl+C on the
// terminal reaches ssh as well. Terminal modes that the guest turned on are reset afterward.
func runSSH(r *runner, program *exec.Cmd) error {
	program.Stdout, program.Stderr = r.io.Out, r.io.Err
	if _, shows := asTerminal(r.io.Out); !shows {
		return program.Run()
	}
	raw := &rawOutput{to: r.stdout()}
	program.Stdout = raw
	err := program.Run()
	if reset := raw.reset(); reset != "" {
		resetScreen(r, raw, reset)
	}
	return err
}

// resetScreen resets the terminal after output was written to it through raw. It discards
// replies that the terminal has not sent yet.
func resetScreen(r *runner, raw *rawOutput, reset string) {
	if tty, ok := asTerminal(r.io.In); ok {
		if t, err := openTerminal(r, tty); err == nil {
			t.raw = raw
			t.close()
			return
		}
	}
	_, _ = io.WriteString(raw.to, reset)
}

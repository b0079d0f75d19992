package cli

import (
	"github.com/spf13/cobra"
)

func consoleCommand(r *runner) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "console",
		Short: "Attach to the console of a running VM",
		Long: `Console attaches this terminal to the guest's serial console until Ctrl+].

` + rawOutputHelp + `
`,
		Example: `  vmterminal console
  vmterminal console --vm dev`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, in := asTerminal(r.io.In)
			_, out := asTerminal(r.io.Out)
			if !in || !out {
				return usagef(cmd, "console needs a terminal; 'vmterminal logs' shows the console's text, 'vmterminal exec' runs commands")
			}
			v, err := r.svc.VM(cmd.Context(), r.vm)
			if err != nil {
				return err
			}
			return attachConsole(cmd.Context(), r, v)
		},
	}
	addFilterFlag(r, cmd)
	return addVMFlag(r, cmd)
}

// rawOutputHelp explains what a guest can do to an attached terminal.
const rawOutputHelp = `The guest's output reaches this terminal unchanged, including control sequences, so a
guest can, for example, set this terminal's title and clipboard. With --filter, only
text, colors, cursor movement, and keyboard and mouse modes get through. Terminal modes
that the guest turned on are reset at the end.`

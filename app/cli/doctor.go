package cli

import (
	"github.com/spf13/cobra"

	"vmterminal/app"
)

type checkView struct {
	Name  string `json:"name"`
	State string `json:"state"`
	Found string `json:"found"`
	Mend  string `json:"mend,omitempty"`
}

func (f *face) doctorCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "doctor",
		Short: "Tell what is missing on this host, and the command that mends it",
		Long: `Doctor looks at QEMU, its accelerator, the built-in guest, the store and its disk.
It fails when something is missing that VMs need; a note is about what works, but
not as well as it could.`,
		Example: `  vmterminal doctor
  vmterminal doctor --json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			checks := f.svc.Doctor(cmd.Context())
			if err := cmd.Context().Err(); err != nil {
				return err
			}
			missing := app.Missing(checks)
			out := struct {
				Schema int         `json:"schema"`
				OK     bool        `json:"ok"`
				Checks []checkView `json:"checks"`
			}{schema, missing == nil, []checkView{}}
			for _, c := range checks {
				out.Checks = append(out.Checks, checkView{c.Name, string(c.State), c.Found, c.Mend})
			}
			if err := f.data(out, func() { f.printChecks(checks) }); err != nil {
				return err
			}
			return missing
		},
	}
}

func (f *face) printChecks(checks []app.Check) {
	for _, c := range checks {
		f.printfState(string(c.State), 7, "  %s: %s\n", c.Name, c.Found)
		if c.Mend != "" {
			f.printf("         -> %s\n", c.Mend)
		}
	}
}

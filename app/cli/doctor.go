package cli

import (
	"strings"

	"github.com/spf13/cobra"

	"vmterminal/app"
	"vmterminal/app/doctor"
	"vmterminal/snapshot/durable"
)

type checkView struct {
	Name  string `json:"name"`
	Code  string `json:"code"`
	State string `json:"state"`
	Found string `json:"found"`
	Fix   string `json:"fix,omitempty"`

	Missing []durable.Feature `json:"missing,omitempty"`
}

// checksFailed is the error that doctor returns if something that VMs need is missing. It
// contains the names of the failed checks.
type checksFailed []string

func (c checksFailed) Error() string { return strings.Join(c, ", ") }

func doctorCommand(r *runner) *cobra.Command {
	return &cobra.Command{
		Use:   "doctor",
		Short: "Check that this computer can run VMs",
		Long: `Doctor checks QEMU, its accelerator, the built-in guest, the store and its file system,
and shows how to fix problems. It fails if something that VMs need is missing. A note
points out something that works but could be improved.`,
		Example: `  vmterminal doctor
  vmterminal doctor --json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			findings := r.svc.Doctor(cmd.Context())
			if err := cmd.Context().Err(); err != nil {
				return err
			}
			var failed checksFailed
			checks := []checkView{}
			for _, finding := range findings {
				check := describeFinding(finding)
				checks = append(checks, check)
				if finding.Status == doctor.Blocking {
					failed = append(failed, check.Name)
				}
			}
			out := struct {
				Schema int         `json:"schema"`
				OK     bool        `json:"ok"`
				Checks []checkView `json:"checks"`
			}{schema, len(failed) == 0, checks}
			if err := r.writeResult(out, func() { printChecks(r.printer, checks) }); err != nil {
				return err
			}
			if len(failed) > 0 {
				return failed
			}
			return nil
		},
	}
}

// describeFinding renders a finding; each of its texts is a single line.
func describeFinding(f doctor.Finding) checkView {
	return checkView{
		Name:  app.Plain(subjectName(f)),
		Code:  string(f.Code),
		State: string(f.Status),
		Found: app.Plain(findingText(f)),
		Fix:   app.Plain(withProgramName(fixesText(f))),

		Missing: f.Args.Features,
	}
}

func printChecks(p *printer, checks []checkView) {
	for _, c := range checks {
		p.printfState(c.State, 7, "  %s: %s\n", c.Name, c.Found)
		if c.Fix != "" {
			p.printf("         -> %s\n", c.Fix)
		}
	}
}

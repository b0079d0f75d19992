package cli

import (
	"github.com/spf13/cobra"
)

func versionCommand(r *runner) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version", Example: "  vmterminal version",
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			out := struct {
				Schema  int    `json:"schema"`
				Version string `json:"version"`
			}{schema, r.svc.Version()}
			return r.writeResult(out, func() { r.printf("vmterminal %s\n", r.svc.Version()) })
		},
	}
}

package cli

import (
	"github.com/spf13/cobra"
)

func (f *face) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version", Example: "  vmterminal version",
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			out := struct {
				Schema  int    `json:"schema"`
				Version string `json:"version"`
			}{schema, f.svc.Version()}
			return f.data(out, func() { f.printf("vmterminal %s\n", f.svc.Version()) })
		},
	}
}

package cli

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"vmterminal/app/units"
)

func imageRemoveCommand(r *runner) *cobra.Command {
	return &cobra.Command{
		Use: "rm NAME...", Aliases: []string{"delete"},
		Short: "Remove cached images",
		Long: `Rm removes cached images, disks built from packages, and incomplete downloads, by the
names that 'vmterminal image list' shows. VMs created from them are not affected.`,
		Example: `  vmterminal image rm debian:trixie
  vmterminal image rm base old
  vmterminal image rm packages:bookworm`,
		Args: cobra.MinimumNArgs(1), ValidArgsFunction: r.completeRemovable,
		RunE: func(cmd *cobra.Command, args []string) error { return removeImages(r, cmd, args) },
	}
}

// removeImages removes the named images. It continues after a failure, returns the first error
// and prints the others.
func removeImages(r *runner, cmd *cobra.Command, names []string) error {
	out := struct {
		Schema  int        `json:"schema"`
		Removed []string   `json:"removed"`
		Freed   int64      `json:"freed"`
		Error   *errorJSON `json:"error,omitempty"` // the first error
	}{Schema: schema, Removed: []string{}}
	var first error
	for _, name := range names {
		freed, err := r.svc.RemoveImage(cmd.Context(), name)
		switch {
		case err == nil:
			out.Removed = append(out.Removed, name)
			out.Freed += freed
		case first == nil:
			first = err
		default:
			r.printFailure(explain(err))
		}
	}
	if len(out.Removed) == 0 {
		return first
	}
	out.Error = failureJSON(first)
	err := r.writeResult(out, func() {
		for _, name := range out.Removed {
			r.printf("Image removed: %s\n", name)
		}
	})
	if err != nil {
		return err
	}
	return first
}

// completeRemovable offers the names in the cache that are not among the arguments.
func (r *runner) completeRemovable(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	cached, err := listCachedImages(cmd.Context(), r)
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	var names []string
	for _, i := range cached.images {
		names = append(names, i.Name+"\t"+units.Bytes(i.Size))
	}
	for _, b := range cached.built {
		names = append(names, b.Name+"\t"+units.Bytes(b.Used))
	}
	for _, d := range cached.downloads {
		names = append(names, d.Name+"\t"+partialSize(d.Received, d.Total))
	}
	return slices.DeleteFunc(names, func(n string) bool {
		name, _, _ := strings.Cut(n, "\t")
		return slices.Contains(args, name)
	}), cobra.ShellCompDirectiveNoFileComp
}

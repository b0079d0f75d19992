package cli

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

func (f *face) imageRemove() *cobra.Command {
	return &cobra.Command{
		Use: "rm NAME...", Aliases: []string{"delete"},
		Short: "Remove images that are kept; VMs that were made of them stay as they are",
		Long: `Rm removes images, what was built of packages, and what has come of downloads that
were cut off, by the names that 'image list' tells. VMs that were made of them stay as
they are.`,
		Example: `  vmterminal image rm debian:trixie
  vmterminal image rm base old
  vmterminal image rm packages:bookworm`,
		Args: cobra.MinimumNArgs(1), ValidArgsFunction: f.completeRemovable,
		RunE: func(cmd *cobra.Command, args []string) error { return f.removeImages(cmd, args) },
	}
}

// removeImages removes what there is of the named images, tells of the rest, and
// fails with the first error.
func (f *face) removeImages(cmd *cobra.Command, names []string) error {
	out := struct {
		Schema  int        `json:"schema"`
		Removed []string   `json:"removed"`
		Freed   int64      `json:"freed"`
		Error   *errorJSON `json:"error,omitempty"` // the first
	}{Schema: schema, Removed: []string{}}
	var first error
	for _, name := range names {
		freed, err := f.svc.RemoveImage(cmd.Context(), name)
		switch {
		case err == nil:
			out.Removed = append(out.Removed, name)
			out.Freed += freed
		case first == nil:
			first = err
		default:
			f.say("vmterminal: %s", explain(err).Line())
		}
	}
	if len(out.Removed) == 0 {
		return first
	}
	out.Error = failureJSON(first)
	err := f.data(out, func() {
		for _, name := range out.Removed {
			f.printf("Image removed: %s\n", name)
		}
	})
	if err != nil {
		return err
	}
	return first
}

func (f *face) systemNames() []string {
	var names []string
	for _, s := range f.svc.Systems() {
		names = append(names, s.Name)
	}
	return names
}

// completeSystem offers the systems of the catalogue for the first argument.
func (f *face) completeSystem(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return f.systemNames(), cobra.ShellCompDirectiveNoFileComp
}

// completeRemovable offers the names of what can be removed that are not among the
// arguments.
func (f *face) completeRemovable(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	kept, err := f.keptForVMs(cmd.Context())
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	var names []string
	for _, i := range kept.images {
		names = append(names, i.Name+"\t"+size(i.Size))
	}
	for _, b := range kept.built {
		names = append(names, b.Name+"\t"+size(b.Used))
	}
	for _, d := range kept.downloads {
		names = append(names, d.Name+"\t"+sizeSoFar(d.Come, d.Total))
	}
	return slices.DeleteFunc(names, func(n string) bool {
		name, _, _ := strings.Cut(n, "\t")
		return slices.Contains(args, name)
	}), cobra.ShellCompDirectiveNoFileComp
}

// completeImages offers the names of images that are not among the arguments.
func (f *face) completeImages(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	list, err := f.svc.Images(cmd.Context())
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	var names []string
	for _, i := range list {
		if !slices.Contains(args, i.Name) {
			names = append(names, i.Name+"\t"+size(i.Size))
		}
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

// completeImageOrFile offers the names of images, and files.
func (f *face) completeImageOrFile(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	names, _ := f.completeImages(cmd, nil, "")
	return names, cobra.ShellCompDirectiveDefault
}

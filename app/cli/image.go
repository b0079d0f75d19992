package cli

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"vmterminal/app"
	"vmterminal/app/units"
)

func imageCommand(r *runner) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "image",
		Short: "Manage images for new VMs",
		Example: `  vmterminal image list
  vmterminal image pull debian
  vmterminal vm create dev --distro debian`,
	}
	cmd.AddCommand(imageListCommand(r), imagePullCommand(r), imageImportCommand(r), imageRemoveCommand(r))
	return cmd
}

type imageView struct {
	Name     string     `json:"name"`
	Version  string     `json:"version,omitempty"`
	Size     int64      `json:"size"`
	Digest   string     `json:"digest,omitempty"`
	DiskUsed int64      `json:"disk_used,omitempty"`
	BaseUsed int64      `json:"base_used,omitempty"`
	Verified string     `json:"verified"`
	Source   string     `json:"source"`
	Added    *time.Time `json:"added,omitempty"`
	UsedBy   []string   `json:"used_by"`
	Problem  string     `json:"problem,omitempty"`
}

func imageJSON(i app.Image) imageView {
	return imageView{
		Name: i.Name, Version: i.Version, Size: i.Size, Digest: i.Digest, DiskUsed: i.DiskUsed, BaseUsed: i.BaseUsed, Verified: i.Verified,
		Source: i.Source, Added: utcOrNil(i.Added), UsedBy: append([]string{}, i.UsedBy...), Problem: i.Problem,
	}
}

// imageDocument returns the JSON result of a command on one image.
func imageDocument(i app.Image) any {
	return struct {
		Schema int       `json:"schema"`
		Image  imageView `json:"image"`
	}{schema, imageJSON(i)}
}

func printAddedImage(p *printer, i app.Image) {
	p.printf("Image added: %s (%s; verified by: %s)\n", strings.TrimSpace(i.Name+" "+i.Version), units.Bytes(i.Size), i.Verified)
}

// findImage looks up an image in the catalog and prints its note, if it has one.
func findImage(r *runner, cmd *cobra.Command, distro, release string) (app.FoundImage, error) {
	found, err := r.svc.FindImage(cmd.Context(), distro, release)
	if err == nil && found.Note.Code != "" {
		r.infof("Note: %s", imageNoteText(found))
	}
	return found, err
}

// imageNoteText returns the text of an image's note. An unknown code is returned as is.
func imageNoteText(found app.FoundImage) string {
	switch n := found.Note; n.Code {
	case app.ImageOffline:
		return fmt.Sprintf("There is no connection; using %s as cached on %s", found.Name, n.Added.Local().Format(time.DateOnly))
	case app.ImageOutdated:
		return fmt.Sprintf("%s is offered in version %s, but version %s was offered before: the server may be outdated, or an attacker may be holding back updates",
			found.Name, found.Version, n.Earlier)
	case app.ImageUnchecked:
		return n.Detail + "; until the file is repaired or removed, outdated versions are not detected"
	default:
		return string(n.Code)
	}
}

const forceImageHelp = "use an image even if it is smaller than its partition table requires"

func distroNames(r *runner) []string {
	var names []string
	for _, s := range r.svc.Systems() {
		names = append(names, s.Name)
	}
	return names
}

// completeDistro offers the distributions in the catalog for the first argument.
func (r *runner) completeDistro(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return distroNames(r), cobra.ShellCompDirectiveNoFileComp
}

// completeImages offers the names of images that are not among the arguments.
func (r *runner) completeImages(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	list, err := r.svc.Images(cmd.Context())
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	var names []string
	for _, i := range list {
		if !slices.Contains(args, i.Name) {
			names = append(names, i.Name+"\t"+units.Bytes(i.Size))
		}
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

// completeImageOrFile offers files and the names of images.
func (r *runner) completeImageOrFile(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	names, _ := r.completeImages(cmd, nil, "")
	return names, cobra.ShellCompDirectiveDefault
}

func dashIfEmpty(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

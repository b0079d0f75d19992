package cli

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"vmterminal/app"
)

type systemView struct {
	Name  string `json:"name"`
	About string `json:"about"`
}

type builtView struct {
	Name  string     `json:"name"`
	Size  int64      `json:"size"`
	Built *time.Time `json:"built"`
}

type leftDownloadView struct {
	Name  string `json:"name"`
	Bytes int64  `json:"bytes"`
	Total int64  `json:"total,omitempty"`
}

// keptForVMs is all that new VMs can be made of without getting it anew.
type keptForVMs struct {
	images    []app.Image
	built     []app.BuiltDisk
	downloads []app.LeftDownload
}

func (f *face) keptForVMs(ctx context.Context) (k keptForVMs, err error) {
	if k.images, err = f.svc.Images(ctx); err != nil {
		return k, err
	}
	if k.built, err = f.svc.BuiltDisks(ctx); err != nil {
		return k, err
	}
	k.downloads, err = f.svc.LeftDownloads(ctx)
	return k, err
}

func (f *face) imageList() *cobra.Command {
	var quiet bool
	cmd := &cobra.Command{
		Use: "list", Aliases: []string{"ls"},
		Short: "List the images that are kept, and the systems of which there are more", Example: "  vmterminal image list",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			kept, err := f.keptForVMs(cmd.Context())
			if err != nil {
				return err
			}
			return f.data(f.imagesDocument(kept), func() {
				if !quiet {
					f.printImages(kept)
					return
				}
				for _, i := range kept.images {
					f.printf("%s\n", i.Name)
				}
			})
		},
	}
	f.wantQuiet(cmd, &quiet, "images")
	return cmd
}

func (f *face) imagesDocument(kept keptForVMs) any {
	out := struct {
		Schema    int                `json:"schema"`
		Images    []imageView        `json:"images"`
		Built     []builtView        `json:"built"`
		Downloads []leftDownloadView `json:"unfinished_downloads"`
		Systems   []systemView       `json:"systems"`
	}{schema, []imageView{}, []builtView{}, []leftDownloadView{}, []systemView{}}
	for _, i := range kept.images {
		out.Images = append(out.Images, imageJSON(i))
	}
	for _, b := range kept.built {
		out.Built = append(out.Built, builtView{b.Name, b.Used, utc(b.Built)})
	}
	for _, d := range kept.downloads {
		out.Downloads = append(out.Downloads, leftDownloadView{d.Name, d.Come, d.Total})
	}
	for _, s := range f.svc.Systems() {
		out.Systems = append(out.Systems, systemView(s))
	}
	return out
}

func (f *face) printImages(kept keptForVMs) {
	f.printKeptImages(kept.images)
	if len(kept.built) > 0 {
		f.printf("Built of packages (vmterminal vm create NAME --distro debian --from-packages):\n")
		for _, b := range kept.built {
			f.printf("  %s: %s, %s\n", b.Name, size(b.Used), b.Built.Local().Format(time.DateOnly))
		}
		f.printf("\n")
	}
	if len(kept.downloads) > 0 {
		f.printf("Downloads that were cut off; the next one goes on from there, 'image rm' removes them:\n")
		for _, d := range kept.downloads {
			f.printf("  %s: %s\n", d.Name, sizeSoFar(d.Come, d.Total))
		}
		f.printf("\n")
	}
	f.printf("Systems of which the newest image can be had (vmterminal image pull NAME):\n")
	for _, s := range f.svc.Systems() {
		f.printf("  %-7s %s\n", s.Name, s.About)
	}
}

func (f *face) printKeptImages(list []app.Image) {
	if len(list) == 0 {
		return
	}
	width := 4
	for _, i := range list {
		width = max(width, len([]rune(i.Name)))
	}
	f.printf("%-*s  %-18s  %9s  %-11s  %-10s  %s\n", width, "NAME", "VERSION", "SIZE", "VERIFIED BY", "ADDED", "VMS")
	for _, i := range list {
		f.printf("%-*s  %-18s  %9s  %-11s  %-10s  %s\n", width, i.Name, orDash(i.Version), size(i.Size), i.Verified,
			i.Added.Local().Format(time.DateOnly), orDash(strings.Join(i.UsedBy, ", ")))
		if i.DiskUsed > 0 {
			f.printf("    and its disk, whose blocks VMs share: %s\n", size(i.DiskUsed))
		}
		if i.Problem != "" {
			f.printf("    %s\n", i.Problem)
		}
	}
	f.printf("\n")
}

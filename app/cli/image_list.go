package cli

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"vmterminal/app"
	"vmterminal/app/units"
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

type unfinishedDownloadView struct {
	Name  string `json:"name"`
	Bytes int64  `json:"bytes"`
	Total int64  `json:"total,omitempty"`
}

// cachedImages holds the contents of the image cache.
type cachedImages struct {
	images    []app.Image
	built     []app.BuiltDisk
	downloads []app.PartialDownload
}

func listCachedImages(ctx context.Context, r *runner) (k cachedImages, err error) {
	if k.images, err = r.svc.Images(ctx); err != nil {
		return k, err
	}
	if k.built, err = r.svc.BuiltDisks(ctx); err != nil {
		return k, err
	}
	k.downloads, err = r.svc.PartialDownloads(ctx)
	return k, err
}

func imageListCommand(r *runner) *cobra.Command {
	var quiet bool
	cmd := &cobra.Command{
		Use: "list", Aliases: []string{"ls"},
		Short: "List cached images and available distributions", Example: "  vmterminal image list",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cached, err := listCachedImages(cmd.Context(), r)
			if err != nil {
				return err
			}
			return r.writeResult(imagesDocument(r, cached), func() {
				if !quiet {
					printImages(r, cached)
					return
				}
				for _, i := range cached.images {
					r.printf("%s\n", i.Name)
				}
			})
		},
	}
	addQuietFlag(cmd, &quiet, "images")
	return cmd
}

func imagesDocument(r *runner, cached cachedImages) any {
	out := struct {
		Schema    int                      `json:"schema"`
		Images    []imageView              `json:"images"`
		Built     []builtView              `json:"built"`
		Downloads []unfinishedDownloadView `json:"unfinished_downloads"`
		Systems   []systemView             `json:"systems"`
	}{schema, []imageView{}, []builtView{}, []unfinishedDownloadView{}, []systemView{}}
	for _, i := range cached.images {
		out.Images = append(out.Images, imageJSON(i))
	}
	for _, b := range cached.built {
		out.Built = append(out.Built, builtView{b.Name, b.Used, utcOrNil(b.Built)})
	}
	for _, d := range cached.downloads {
		out.Downloads = append(out.Downloads, unfinishedDownloadView{d.Name, d.Received, d.Total})
	}
	for _, s := range r.svc.Systems() {
		out.Systems = append(out.Systems, systemView(s))
	}
	return out
}

func printImages(r *runner, cached cachedImages) {
	printImageTable(r.printer, cached.images)
	if len(cached.built) > 0 {
		r.printf("Built from packages (vmterminal vm create NAME --distro debian --from-packages):\n")
		for _, b := range cached.built {
			r.printf("  %s: %s, %s\n", b.Name, units.Bytes(b.Used), b.Built.Local().Format(time.DateOnly))
		}
		r.printf("\n")
	}
	if len(cached.downloads) > 0 {
		r.printf("Incomplete downloads (the next download continues them; 'image rm' deletes them):\n")
		for _, d := range cached.downloads {
			r.printf("  %s: %s\n", d.Name, partialSize(d.Received, d.Total))
		}
		r.printf("\n")
	}
	r.printf("Available distributions (vmterminal image pull NAME):\n")
	for _, s := range r.svc.Systems() {
		r.printf("  %-7s %s\n", s.Name, s.About)
	}
}

func printImageTable(p *printer, list []app.Image) {
	if len(list) == 0 {
		return
	}
	width := 4
	for _, i := range list {
		width = max(width, len([]rune(i.Name)))
	}
	p.printf("%-*s  %-18s  %9s  %-11s  %-10s  %s\n", width, "NAME", "VERSION", "SIZE", "VERIFIED BY", "ADDED", "VMS")
	for _, i := range list {
		p.printf("%-*s  %-18s  %9s  %-11s  %-10s  %s\n", width, i.Name, dashIfEmpty(i.Version), units.Bytes(i.Size), i.Verified,
			i.Added.Local().Format(time.DateOnly), dashIfEmpty(strings.Join(i.UsedBy, ", ")))
		if i.DiskUsed > 0 {
			p.printf("    decompressed disk, whose blocks VMs share: %s\n", units.Bytes(i.DiskUsed))
		}
		if i.BaseUsed > 0 {
			p.printf("    snapshot of the disk, for fast first snapshots of VMs: %s\n", units.Bytes(i.BaseUsed))
		}
		if i.Problem != "" {
			p.printf("    %s\n", i.Problem)
		}
	}
	p.printf("\n")
}

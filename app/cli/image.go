package cli

import (
	"strings"
	"time"

	"github.com/spf13/cobra"

	"vmterminal/app"
)

func (f *face) imageCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "image",
		Short: "Images of systems, for new VMs: list, pull, import, rm",
		Example: `  vmterminal image list
  vmterminal image pull debian
  vmterminal vm create dev --distro debian`,
	}
	cmd.AddCommand(f.imageList(), f.imagePull(), f.imageImport(), f.imageRemove())
	return cmd
}

type imageView struct {
	Name     string     `json:"name"`
	Version  string     `json:"version,omitempty"`
	Size     int64      `json:"size"`
	Digest   string     `json:"digest,omitempty"`
	DiskUsed int64      `json:"disk_used,omitempty"`
	Verified string     `json:"verified"`
	Source   string     `json:"source"`
	Added    *time.Time `json:"added,omitempty"`
	UsedBy   []string   `json:"used_by"`
	Problem  string     `json:"problem,omitempty"`
}

func imageJSON(i app.Image) imageView {
	return imageView{
		Name: i.Name, Version: i.Version, Size: i.Size, Digest: i.Digest, DiskUsed: i.DiskUsed, Verified: i.Verified,
		Source: i.Source, Added: utc(i.Added), UsedBy: append([]string{}, i.UsedBy...), Problem: i.Problem,
	}
}

// imageDocument is one image as a whole result.
func imageDocument(i app.Image) any {
	return struct {
		Schema int       `json:"schema"`
		Image  imageView `json:"image"`
	}{schema, imageJSON(i)}
}

func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

func (f *face) imagePull() *cobra.Command {
	return &cobra.Command{
		Use:   "pull NAME[:RELEASE]",
		Short: "Get the newest image of a system, check it and keep it for new VMs",
		Example: `  vmterminal image pull debian
  vmterminal image pull ubuntu:24.04`,
		Args: cobra.ExactArgs(1), ValidArgsFunction: f.completeSystem,
		RunE: func(cmd *cobra.Command, args []string) error {
			distro, release, _ := strings.Cut(args[0], ":")
			found, err := f.findImage(cmd, distro, release)
			if err != nil {
				return err
			}
			job := f.svc.PullImage(found)
			f.say("Getting image %s %s...", found.Name, found.Version)
			if err := f.follow(cmd.Context(), job); err != nil {
				return err
			}
			i, _ := job.Result().(app.Image)
			return f.data(imageDocument(i), func() { f.printKept(i) })
		},
	}
}

func (f *face) printKept(i app.Image) {
	f.printf("Image kept: %s (%s; verified by: %s)\n", strings.TrimSpace(i.Name+" "+i.Version), size(i.Size), i.Verified)
}

// findImage finds an image of the catalogue, and tells what there is to know of it.
func (f *face) findImage(cmd *cobra.Command, distro, release string) (app.FoundImage, error) {
	found, err := f.svc.FindImage(cmd.Context(), distro, release)
	if err == nil && found.Note != "" {
		f.say("Note: %s", found.Note)
	}
	return found, err
}

func (f *face) imageImport() *cobra.Command {
	var name string
	cmd := &cobra.Command{
		Use:   "import FILE|URL",
		Short: "Keep a raw or qcow2 image of your own for new VMs",
		Example: `  vmterminal image import disk.qcow2 --name base
  vmterminal image import https://example.org/disk.raw.xz --name base
  vmterminal vm create dev --image base`,
		Args: cobra.ExactArgs(1), ValidArgsFunction: completeFile,
		RunE: func(cmd *cobra.Command, args []string) error {
			if name == "" {
				return usagef(cmd, "--name is missing: what to call the image")
			}
			job, err := f.svc.ImportImage(cmd.Context(), args[0], name)
			if err != nil {
				return err
			}
			f.say("Importing image '%s'...", job.Subject)
			if err := f.follow(cmd.Context(), job); err != nil {
				return err
			}
			i, _ := job.Result().(app.Image)
			return f.data(imageDocument(i), func() { f.printKept(i) })
		},
	}
	cmd.Flags().StringVar(&name, "name", "", "what to call it")
	return cmd
}

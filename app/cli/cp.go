package cli

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"vmterminal/app/guestfiles"
	"vmterminal/app/job"
	"vmterminal/app/units"
)

func cpCommand(r *runner) *cobra.Command {
	var opt guestfiles.InOptions
	cmd := &cobra.Command{
		Use:   "cp FILE... VM:PATH | VM:PATH FILE",
		Short: "Copy files between this computer and a running VM",
		Long: `Cp copies files and, with -r, folders between this computer and a running VM. VM:PATH
is a path in that VM's guest, :PATH a path in the active VM's guest. Relative paths in
the guest are relative to /root. Modification times and holes of sparse files are
preserved.

Files are first copied under a temporary name next to the destination and then moved
into place, so a copy that fails or is canceled changes nothing. If moving several files
into the guest fails, an error names those that are not in place.

A folder copied into a guest is merged with an existing folder of that name. Files
copied into a guest belong to root and, without --keep-setuid, lose their setuid and
setgid bits.

When a folder is copied out of a guest, the destination must not exist. Symbolic links
that point out of the copied folder are skipped, because programs on this computer would
follow them.`,
		Example: `  vmterminal cp setup.sh :/root/
  vmterminal cp -r site dev:/var/www
  vmterminal cp dev:/var/log/messages .`,
		Args: cobra.MinimumNArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			from, to := args[:len(args)-1], args[len(args)-1]
			copying, err := startCopy(r, cmd, from, to, opt)
			if err != nil {
				return err
			}
			done, err := followJob(cmd.Context(), r.printer, copying)
			if err != nil {
				return err
			}
			return showCopied(r.printer, copying.VM, done)
		},
	}
	cmd.Flags().BoolVarP(&opt.Recursive, "recursive", "r", false, "copy folders with their contents")
	cmd.Flags().BoolVar(&opt.KeepSetID, "keep-setuid", false, "preserve setuid and setgid bits of files copied into the guest")
	return cmd
}

// startCopy starts a copy into or out of the guest, depending on the arguments.
func startCopy(r *runner, cmd *cobra.Command, from []string, to string, opt guestfiles.InOptions) (*job.Job[guestfiles.Copied], error) {
	vm, path, inGuest := guestPath(to)
	for _, name := range from {
		if _, _, is := guestPath(name); is == inGuest {
			return nil, usagef(cmd, "exactly one of source and destination must be in a VM (VM:PATH)")
		}
	}
	if inGuest {
		return r.svc.CopyIn(cmd.Context(), vm, from, path, opt)
	}
	if opt.KeepSetID {
		return nil, usagef(cmd, "--keep-setuid only applies to copies into a VM: on this computer, the guest's programs would run as you")
	}
	if len(from) > 1 {
		return nil, usagef(cmd, "only one file or folder at a time can be copied out of a VM")
	}
	vm, path, _ = guestPath(from[0])
	return r.svc.CopyOut(cmd.Context(), vm, path, to, opt.Recursive)
}

// guestPath splits an argument of the form VM:PATH and reports whether arg has that form. A
// local file with a colon in its name is written as ./NAME.
func guestPath(arg string) (vm, path string, is bool) {
	vm, path, is = strings.Cut(arg, ":")
	if !is || strings.Contains(vm, "/") {
		return "", "", false
	}
	if !strings.HasPrefix(path, "/") {
		path = "/root/" + path
	}
	return vm, path, true
}

func showCopied(p *printer, vm string, done guestfiles.Copied) error {
	for _, path := range done.Skipped {
		p.infof("Skipped (not a file or folder, or a link that points elsewhere): %s", path)
	}
	if more := done.SkippedTotal - len(done.Skipped); more > 0 {
		p.infof("Skipped: %d more", more)
	}
	return p.writeResult(copiedJSON(vm, done), func() { p.printf("Copied: %s, %s\n", pluralize(done.Files, "file"), units.Bytes(done.Bytes)) })
}

type copiedView struct {
	Schema       int      `json:"schema"`
	VM           string   `json:"vm"`
	Files        int      `json:"files"`
	Bytes        int64    `json:"bytes"`
	Skipped      []string `json:"skipped"`
	SkippedBytes [][]byte `json:"skipped_bytes,omitempty"` // all of Skipped, if any of it is not UTF-8
	Total        int      `json:"skipped_total"`
}

func copiedJSON(vm string, done guestfiles.Copied) copiedView {
	v := copiedView{schema, vm, done.Files, done.Bytes, append([]string{}, done.Skipped...), nil, done.SkippedTotal}
	if slices.ContainsFunc(done.Skipped, func(path string) bool { return pathBytes(path) != nil }) {
		for _, path := range done.Skipped {
			v.SkippedBytes = append(v.SkippedBytes, []byte(path))
		}
	}
	return v
}

// pathBytes returns the bytes of path if it is not valid UTF-8, which a JSON string cannot
// hold, or nil otherwise. JSON output contains them as base64.
func pathBytes(path string) []byte {
	if utf8.ValidString(path) {
		return nil
	}
	return []byte(path)
}

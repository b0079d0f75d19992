package cli

import (
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"vmterminal/app"
)

func (f *face) cpCommand() *cobra.Command {
	var recursive bool
	cmd := &cobra.Command{
		Use:   "cp FILE... VM:PATH | VM:PATH FILE",
		Short: "Copy files into a running VM, or out of it",
		Long: `Cp copies files, and with -r folders, between this computer and a running VM. A
path in the guest is VM:PATH, or :PATH in the active VM; one that is not absolute
starts in /root. A file appears whole, or not at all.`,
		Example: `  vmterminal cp setup.sh :/root/
  vmterminal cp -r site dev:/var/www
  vmterminal cp dev:/var/log/messages .`,
		Args: cobra.MinimumNArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			from, to := args[:len(args)-1], args[len(args)-1]
			job, err := f.startCopy(cmd, from, to, recursive)
			if err != nil {
				return err
			}
			if err := f.follow(cmd.Context(), job); err != nil {
				return err
			}
			return f.copied(job)
		},
	}
	cmd.Flags().BoolVarP(&recursive, "recursive", "r", false, "copy whole folders")
	return cmd
}

// startCopy finds out which way a copy goes.
func (f *face) startCopy(cmd *cobra.Command, from []string, to string, recursive bool) (*app.Job, error) {
	vm, path, inGuest := guestPath(to)
	for _, name := range from {
		if _, _, is := guestPath(name); is == inGuest {
			return nil, usagef(cmd, "one side must be of this computer, the other VM:PATH")
		}
	}
	if inGuest {
		return f.svc.CopyIn(cmd.Context(), vm, from, path, recursive)
	}
	if len(from) > 1 {
		return nil, usagef(cmd, "only one file or folder at a time can be copied out of a VM")
	}
	vm, path, _ = guestPath(from[0])
	return f.svc.CopyOut(cmd.Context(), vm, path, to, recursive)
}

// guestPath splits VM:PATH. A file here whose name has a colon is ./NAME.
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

func (f *face) copied(job *app.Job) error {
	done, ok := job.Result().(app.Copied)
	if !ok {
		return errors.New("nothing is known of what was copied")
	}
	for _, path := range done.Skipped {
		f.say("Left out, as it is no file, folder or symbolic link: %s", path)
	}
	out := struct {
		Schema  int      `json:"schema"`
		VM      string   `json:"vm"`
		Files   int      `json:"files"`
		Bytes   int64    `json:"bytes"`
		Skipped []string `json:"skipped"`
	}{schema, job.VM, done.Files, done.Bytes, append([]string{}, done.Skipped...)}
	return f.data(out, func() { f.printf("Copied: %s, %s\n", counted(done.Files, "file"), smallSize(done.Bytes)) })
}

package cli

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"vmterminal/app"
)

func (f *face) pkgCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "pkg",
		Short: "Install, remove and upgrade packages in a running VM, whatever its distribution",
		Long: `Pkg has the guest's own package manager do it: apk, apt-get, dnf, pacman or zypper.
Its output and exit code are passed on.`,
		Example: `  vmterminal pkg install htop
  vmterminal pkg upgrade --snapshot
  vmterminal pkg remove --vm dev nginx`,
	}
	f.wantVM(cmd)
	for _, c := range []struct {
		action  app.PackageAction
		use     string
		short   string
		example string
		args    cobra.PositionalArgs
		risky   bool
	}{
		{app.PackageInstall, "install PACKAGE...", "Install packages", "htop", cobra.MinimumNArgs(1), false},
		{app.PackageRemove, "remove PACKAGE...", "Remove packages", "nginx --snapshot", cobra.MinimumNArgs(1), true},
		{app.PackageSearch, "search WORD...", "Search for packages", "editor", cobra.MinimumNArgs(1), false},
		{app.PackageUpdate, "update", "Fetch the lists of packages anew", "", cobra.NoArgs, false},
		{app.PackageUpgrade, "upgrade", "Upgrade all packages", "--snapshot", cobra.NoArgs, true},
		{app.PackageList, "list", "List the packages that are installed", "", cobra.NoArgs, false},
	} {
		var first, yes bool
		sub := &cobra.Command{
			Use: c.use, Short: c.short, Args: c.args, ValidArgsFunction: cobra.NoFileCompletions,
			Example: strings.TrimRight("  vmterminal pkg "+string(c.action)+" "+c.example, " "),
			RunE: func(cmd *cobra.Command, args []string) error {
				if c.risky && !first && !yes {
					var err error
					if first, err = f.offerSnapshot(cmd, c.action); err != nil {
						return err
					}
				}
				return f.pkg(cmd, c.action, args, first)
			},
		}
		if c.risky || c.action == app.PackageInstall {
			sub.Flags().BoolVar(&first, "snapshot", false, "take a snapshot first")
		}
		if c.risky {
			sub.Flags().BoolVarP(&yes, "yes", "y", false, "do not offer a snapshot")
		}
		cmd.AddCommand(sub)
	}
	return cmd
}

// offerSnapshot asks whether to take a snapshot first; without a terminal it does
// not.
func (f *face) offerSnapshot(cmd *cobra.Command, action app.PackageAction) (bool, error) {
	in, ok := terminal(f.io.In)
	if _, shows := terminal(f.io.Err); !ok || !shows || f.json {
		return false, nil
	}
	for {
		fmt.Fprintf(f.io.Err, "Take a snapshot before packages %s? [Y/n] ", map[bool]string{true: "are removed", false: "are upgraded"}[action == app.PackageRemove])
		answer, err := answerOf(cmd.Context(), in)
		if err != nil {
			f.say("")
			if errors.Is(err, io.EOF) {
				err = notConfirmed()
			}
			return false, err
		}
		switch strings.ToLower(strings.TrimSpace(answer)) {
		case "", "y", "yes":
			return true, nil
		case "n", "no":
			return false, nil
		}
	}
}

func (f *face) pkg(cmd *cobra.Command, action app.PackageAction, names []string, first bool) error {
	if f.json {
		return usagef(cmd, "a package manager's output is no JSON")
	}
	commands, err := f.svc.PackageCommands(cmd.Context(), f.vm, action, names)
	if err != nil {
		return err
	}
	if first {
		if err := f.snapshotFirst(cmd, action, commands[len(commands)-1].Args); err != nil {
			return err
		}
	}
	for _, c := range commands {
		f.say("In the guest: %s", strings.Join(c.Args, " "))
		c.Stdout, c.Stderr = f.io.Out, f.io.Err
		exit, err := f.svc.Exec(cmd.Context(), f.vm, c)
		if err := guestEnded(exit, err); err != nil {
			return err
		}
	}
	return nil
}

func (f *face) snapshotFirst(cmd *cobra.Command, action app.PackageAction, args []string) error {
	name := fmt.Sprintf("before-%s-%s", action, time.Now().Format("20060102-150405"))
	job, err := f.svc.CreateSnapshot(cmd.Context(), f.vm, app.NewSnapshot{Name: name, Description: "Before " + strings.Join(args, " ")})
	if err != nil {
		return err
	}
	f.say("Taking snapshot '%s' of VM '%s'...", job.Subject, job.VM)
	return f.follow(cmd.Context(), job)
}

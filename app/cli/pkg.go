package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"vmterminal/app"
)

func pkgCommand(r *runner) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "pkg",
		Short: "Manage packages in a running VM",
		Long: `Pkg runs the guest's package manager: apk, apt-get, dnf, pacman or zypper. It prints
its output and exits with its exit code.`,
		Example: `  vmterminal pkg install htop
  vmterminal pkg upgrade --snapshot
  vmterminal pkg remove --vm dev nginx`,
	}
	addVMFlag(r, cmd)
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
		{app.PackageUpdate, "update", "Update the package lists", "", cobra.NoArgs, false},
		{app.PackageUpgrade, "upgrade", "Upgrade all packages", "--snapshot", cobra.NoArgs, true},
		{app.PackageList, "list", "List installed packages", "", cobra.NoArgs, false},
	} {
		var first, yes bool
		sub := &cobra.Command{
			Use: c.use, Short: c.short, Args: c.args, ValidArgsFunction: cobra.NoFileCompletions,
			Example: strings.TrimRight("  vmterminal pkg "+string(c.action)+" "+c.example, " "),
			RunE: func(cmd *cobra.Command, args []string) error {
				if c.risky && !first && !yes {
					var err error
					if first, err = offerSnapshot(r.printer, cmd, c.action); err != nil {
						return err
					}
				}
				return runPackageManager(r, cmd, c.action, args, first)
			},
		}
		if c.risky || c.action == app.PackageInstall {
			sub.Flags().BoolVar(&first, "snapshot", false, "take a snapshot first")
		}
		if c.risky {
			sub.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask whether to take a snapshot")
		}
		cmd.AddCommand(sub)
	}
	return cmd
}

// offerSnapshot asks on a terminal whether to take a snapshot first. Without a terminal it
// returns false.
func offerSnapshot(p *printer, cmd *cobra.Command, action app.PackageAction) (bool, error) {
	in, ok := questionTerminal(p)
	if !ok {
		return false, nil
	}
	effect := "are upgraded"
	if action == app.PackageRemove {
		effect = "are removed"
	}
	return askYesNo(cmd.Context(), p, in, "Take a snapshot before packages "+effect+"?")
}

func runPackageManager(r *runner, cmd *cobra.Command, action app.PackageAction, names []string, first bool) error {
	if r.json {
		return usagef(cmd, "pkg produces no JSON")
	}
	commands, err := r.svc.PackageCommands(cmd.Context(), r.vm, action, names)
	if err != nil {
		return err
	}
	if first {
		if err := snapshotBeforePackages(r, cmd, action, commands[len(commands)-1].Args); err != nil {
			return err
		}
	}
	for _, c := range commands {
		r.infof("In the guest: %s", strings.Join(c.Args, " "))
		c.Stdout, c.Stderr = r.stdout(), r.stderr()
		exit, err := r.svc.Exec(cmd.Context(), r.vm, c)
		if err := guestExitError(exit, err); err != nil {
			return err
		}
	}
	return nil
}

func snapshotBeforePackages(r *runner, cmd *cobra.Command, action app.PackageAction, args []string) error {
	name := fmt.Sprintf("before-%s-%s", action, time.Now().Format("20060102-150405"))
	job, err := r.svc.CreateSnapshot(cmd.Context(), r.vm, app.NewSnapshot{Name: name, Description: "Before " + strings.Join(args, " ")})
	if err != nil {
		return err
	}
	r.infof("Taking snapshot '%s' of VM '%s'...", job.Subject, job.VM)
	_, err = followJob(cmd.Context(), r.printer, job)
	return err
}

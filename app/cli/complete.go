package cli

import (
	"slices"

	"github.com/spf13/cobra"

	"vmterminal/app"
)

// accelerators are the values of --accel.
var accelerators = []string{"auto\tthe best that works here", "kvm\tthis computer's own processor", "tcg\temulation"}

// wantAccel adds --accel.
func wantAccel(cmd *cobra.Command, accel *string, about string) {
	cmd.Flags().StringVar(accel, "accel", "", about)
	_ = cmd.RegisterFlagCompletionFunc("accel", cobra.FixedCompletions(accelerators, cobra.ShellCompDirectiveNoFileComp)) // the flag is there
}

// completeVM offers the names of VMs for the first argument.
func (f *face) completeVM(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return f.vmNames(cmd, nil)
}

// completeVMs offers the names of VMs that are not among the arguments.
func (f *face) completeVMs(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	return f.vmNames(cmd, args)
}

// completeVMFlag offers the names of VMs for --vm, whatever the arguments are.
func (f *face) completeVMFlag(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	return f.vmNames(cmd, nil)
}

func (f *face) vmNames(cmd *cobra.Command, but []string) ([]string, cobra.ShellCompDirective) {
	list, _, err := f.svc.VMs(cmd.Context())
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	var names []string
	for _, v := range list {
		if !slices.Contains(but, v.Name) {
			names = append(names, v.Name+"\t"+string(v.State))
		}
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

// completeSnapshot offers the names of the VM's snapshots for the first argument.
func (f *face) completeSnapshot(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return f.snapshotNames(cmd, nil)
}

// completeSnapshots offers the names of snapshots that are not among the arguments.
func (f *face) completeSnapshots(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	return f.snapshotNames(cmd, args)
}

// completeSnapshotThenFile offers a snapshot, and files for what follows.
func (f *face) completeSnapshotThenFile(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) == 1 {
		return nil, cobra.ShellCompDirectiveDefault
	}
	return f.completeSnapshot(cmd, args, "")
}

func (f *face) snapshotNames(cmd *cobra.Command, but []string) ([]string, cobra.ShellCompDirective) {
	list, err := f.svc.Snapshots(cmd.Context(), f.vm)
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	var names []string
	for _, s := range list.Snapshots {
		if slices.Contains(but, s.Name) {
			continue
		}
		about := s.State
		if !s.Created.IsZero() {
			about = local(s.Created)
		}
		if s.Description != "" {
			about += ", " + app.Plain(s.Description)
		}
		names = append(names, s.Name+"\t"+about)
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

// completeFile offers files for one argument.
func completeFile(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return nil, cobra.ShellCompDirectiveDefault
}

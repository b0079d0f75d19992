package cli

import (
	"slices"

	"github.com/spf13/cobra"
)

// completeVM offers the names of VMs for the first argument.
func (r *runner) completeVM(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return r.vmNames(cmd, nil)
}

// completeVMs offers the names of VMs that are not among the arguments.
func (r *runner) completeVMs(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	return r.vmNames(cmd, args)
}

// completeVMFlag offers the names of VMs for --vm.
func (r *runner) completeVMFlag(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	return r.vmNames(cmd, nil)
}

func (r *runner) vmNames(cmd *cobra.Command, excluded []string) ([]string, cobra.ShellCompDirective) {
	list, _, err := r.svc.VMs(cmd.Context())
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	var names []string
	for _, v := range list {
		if !slices.Contains(excluded, v.Name) {
			names = append(names, v.Name+"\t"+string(v.State))
		}
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

// completeSnapshot offers the names of the VM's snapshots for the first argument.
func (r *runner) completeSnapshot(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return r.snapshotNames(cmd, nil)
}

// completeSnapshots offers the names of snapshots that are not among the arguments.
func (r *runner) completeSnapshots(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	return r.snapshotNames(cmd, args)
}

// completeSnapshotThenFile offers snapshots for the first argument and files for the second.
func (r *runner) completeSnapshotThenFile(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) == 1 {
		return nil, cobra.ShellCompDirectiveDefault
	}
	return r.completeSnapshot(cmd, args, "")
}

func (r *runner) snapshotNames(cmd *cobra.Command, excluded []string) ([]string, cobra.ShellCompDirective) {
	list, err := r.svc.Snapshots(cmd.Context(), r.vm)
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	var names []string
	for _, s := range list.Snapshots {
		if slices.Contains(excluded, s.Name) {
			continue
		}
		about := string(s.State)
		if !s.Created.IsZero() {
			about = formatTime(s.Created)
		}
		if description := descriptionText(s); description != "" {
			about += ", " + description
		}
		names = append(names, s.Name+"\t"+about)
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

// completeFile offers files for the first argument.
func completeFile(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return nil, cobra.ShellCompDirectiveDefault
}

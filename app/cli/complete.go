package cli

import (
	"github.com/spf13/cobra"
)

// completeVM offers the names of VMs for the first argument, or for --vm.
func (f *face) completeVM(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 && !cmd.Flags().Changed("vm") && cmd.ValidArgsFunction != nil && cmd.Flags().Lookup("vm") == nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	list, _, err := f.svc.VMs(cmd.Context())
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	var names []string
	for _, v := range list {
		names = append(names, v.Name)
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

// completeSnapshot offers the names of the VM's snapshots for the first argument.
func (f *face) completeSnapshot(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	list, err := f.svc.Snapshots(cmd.Context(), f.vm)
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	var names []string
	for _, s := range list.Snapshots {
		names = append(names, s.Name)
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

// accelerators are the values of --accel.
var accelerators = []string{"auto", "kvm", "tcg"}

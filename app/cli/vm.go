package cli

import (
	"github.com/spf13/cobra"

	"vmterminal/app"
	"vmterminal/app/units"
)

func vmCommand(r *runner) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "vm",
		Short: "Manage VMs",
		Example: `  vmterminal vm create dev --cpus 4 --memory 4096
  vmterminal vm list
  vmterminal vm use dev`,
	}
	cmd.AddCommand(vmCreateCommand(r), vmListCommand(r), vmUseCommand(r), vmShowCommand(r), vmSetCommand(r), vmRenameCommand(r), vmCloneCommand(r), vmKeepCommand(r), vmDeleteCommand(r))
	return cmd
}

func vmListCommand(r *runner) *cobra.Command {
	var quiet bool
	cmd := &cobra.Command{
		Use: "list", Aliases: []string{"ls"},
		Short: "List VMs", Example: "  vmterminal vm list",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			list, notes, err := r.svc.VMs(cmd.Context())
			if err != nil {
				return err
			}
			for _, n := range notes {
				r.infof("Note: %s", n)
			}
			out := struct {
				Schema int      `json:"schema"`
				VMs    []vmView `json:"vms"`
			}{schema, []vmView{}}
			for _, v := range list {
				out.VMs = append(out.VMs, vmJSON(v))
			}
			return r.writeResult(out, func() {
				if !quiet {
					printVMs(r.printer, list)
					return
				}
				for _, v := range list {
					r.printf("%s\n", v.Name)
				}
			})
		},
	}
	addQuietFlag(cmd, &quiet, "VMs")
	return cmd
}

func printVMs(p *printer, list []app.VM) {
	if len(list) == 0 {
		p.infof("No VMs yet. Create one: vmterminal vm create default")
		return
	}
	width := 4
	for _, v := range list {
		width = max(width, len([]rune(v.Name)))
	}
	p.printf("  %-*s  %-13s  %4s  %8s  %10s  %9s  %s\n", width, "NAME", "STATE", "CPUS", "MEMORY", "DISK USED", "SNAPSHOTS", "LAST SNAPSHOT")
	for _, v := range list {
		mark, last := " ", "-"
		if v.Active {
			mark = "*"
		}
		if !v.LastSnapshot.IsZero() {
			last = formatTime(v.LastSnapshot)
		}
		p.printf("%s %-*s  ", mark, width, v.Name)
		p.printfState(string(v.State), 13, "  %4d  %8s  %10s  %9d  %s\n", v.CPUs, formatMemory(v.MemoryMB), units.Bytes(v.DiskUsed), v.Snapshots, last)
		if v.Temporary {
			p.printf("    temporary: deleted when it stops\n")
		}
		if problem := problemText(v); problem != "" {
			p.printf("    %s\n", problem)
		}
		if filling := fillingText(v); filling != "" {
			p.printf("    Disk: %s\n", filling)
		}
	}
}

func vmUseCommand(r *runner) *cobra.Command {
	return &cobra.Command{
		Use:   "use NAME",
		Short: "Select the VM used when --vm is not given", Example: "  vmterminal vm use dev",
		Args: cobra.ExactArgs(1), ValidArgsFunction: r.completeVM,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := r.svc.UseVM(cmd.Context(), args[0]); err != nil {
				return err
			}
			v, err := r.svc.VM(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return r.writeResult(vmDocument(v), func() { r.printf("Active VM: %s\n", v.Name) })
		},
	}
}

func vmShowCommand(r *runner) *cobra.Command {
	return &cobra.Command{
		Use:   "show [NAME]",
		Short: "Show details of a VM", Example: "  vmterminal vm show dev",
		Args: cobra.MaximumNArgs(1), ValidArgsFunction: r.completeVM,
		RunE: func(cmd *cobra.Command, args []string) error {
			name := ""
			if len(args) > 0 {
				name = args[0]
			}
			v, err := r.svc.VM(cmd.Context(), name)
			if err != nil {
				return err
			}
			return r.writeResult(vmDocument(v), func() { printVM(r.printer, v) })
		},
	}
}

func printVM(p *printer, v app.VM) {
	p.printf("VM: %s\n", v.Name)
	printStatus(p, v)
	p.printf("  Image: %s\n", v.Image)
	if v.UEFI {
		p.printf("  Firmware: UEFI\n")
	}
	p.printf("  CPUs: %d\n", v.CPUs)
	p.printf("  Memory: %s\n", formatMemory(v.MemoryMB))
	p.printf("  Disk size: %s\n", units.Bytes(v.DiskSize))
	p.printf("  Disk used: %s\n", units.Bytes(v.DiskUsed))
	if v.UndoUsed > 0 {
		p.printf("  Undo disk: %s\n", units.Bytes(v.UndoUsed))
	}
	printNetwork(p, v)
	printShares(p, v)
	p.printf("  Snapshots: %d\n", v.Snapshots)
	p.printf("  Created: %s\n", formatTime(v.Created))
	p.printf("  Folder: %s\n", v.Dir)
}

func vmRenameCommand(r *runner) *cobra.Command {
	return &cobra.Command{
		Use:     "rename NAME NEW-NAME",
		Short:   "Rename a stopped VM",
		Example: "  vmterminal vm rename dev old-dev",
		Args:    cobra.ExactArgs(2), ValidArgsFunction: r.completeVM,
		RunE: func(cmd *cobra.Command, args []string) error {
			v, err := r.svc.RenameVM(cmd.Context(), args[0], args[1])
			if err != nil {
				return err
			}
			return r.writeResult(vmDocument(v), func() { r.printf("VM renamed: %s\n", v.Name) })
		},
	}
}

package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"vmterminal/app"
)

func (f *face) vmCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "vm",
		Short: "Create, list, choose, change and delete VMs",
		Example: `  vmterminal vm create dev --cpus 4 --memory 4096
  vmterminal vm list
  vmterminal vm use dev`,
	}
	cmd.AddCommand(f.vmCreate(), f.vmList(), f.vmUse(), f.vmShow(), f.vmSet(), f.vmRename(), f.vmClone(), f.vmDelete())
	return cmd
}

func (f *face) vmCreate() *cobra.Command {
	var n app.NewVM
	var from imageChoice
	var packages fromPackages
	var forwards, shares []string
	cmd := &cobra.Command{
		Use:   "create NAME",
		Short: "Create a VM with the built-in guest, or of an image",
		Long: `Create makes a VM with a disk of the built-in guest, or of an image. What the flags
do not say is as in the defaults for new VMs: 'vmterminal config get' shows them.

An image boots by itself: kernel and boot loader are in it. With --distro it is the
newest one that the project publishes, which is downloaded once, checked and kept.
With --image it is one that is kept, under that name (see 'vmterminal image list'),
or else a file or an address; ./NAME is always a file.

An image that only UEFI can start is started by that, which Debian's package ovmf has.

With --distro debian --from-packages the disk is built of Debian's packages, which
takes some minutes the first time, and seconds from then on.`,
		Example: `  vmterminal vm create default
  vmterminal vm create dev --cpus 4 --memory 4096 --disk-size 20480
  vmterminal vm create dev --distro debian
  vmterminal vm create dev --distro ubuntu --release 24.04 --disk-size 20480
  vmterminal vm create other --image disk.qcow2.xz
  vmterminal vm create web --distro debian --from-packages --release bookworm`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			for _, flag := range []string{"cpus", "memory", "disk-size"} {
				if cmd.Flags().Changed(flag) && cmd.Flags().Lookup(flag).Value.String() == "0" {
					return usagef(cmd, "--%s must be more than 0", flag)
				}
			}
			n.Name = args[0]
			var err error
			if n.Forwards, err = app.ParseForwards(strings.Join(forwards, ",")); err != nil {
				return err
			}
			if n.Shares, err = parseShares(shares); err != nil {
				return err
			}
			if err := from.check(cmd, n); err != nil {
				return err
			}
			if err := packages.check(cmd, from); err != nil {
				return err
			}
			switch {
			case packages.wanted:
				return f.createFromPackages(cmd, n, from.release)
			case from.wanted():
				return f.createFromImage(cmd, n, from)
			}
			v, err := f.svc.CreateVM(cmd.Context(), n)
			if err != nil {
				return err
			}
			return f.data(vmDocument(v), func() { f.printCreated(v) })
		},
	}
	flags := cmd.Flags()
	flags.IntVar(&n.CPUs, "cpus", 0, "virtual CPUs (default 2, or 1 on a computer with one, or as configured)")
	flags.IntVar(&n.MemoryMB, "memory", 0, "memory in `MB` (default 512, or as configured; at least 1024 for a whole system)")
	flags.IntVar(&n.DiskSizeMB, "disk-size", 0, "size of the disk in `MB` (default 10240, or as configured); it takes only what is used")
	wantAccel(cmd, &n.Accel, "auto, kvm or tcg: how QEMU runs the guest (default auto, or as configured)")
	wantForwards(cmd, &forwards)
	wantShares(cmd, &shares)
	flags.BoolVar(&n.Isolated, "isolated", false, "let the guest reach no network")
	from.register(f, cmd)
	packages.register(flags)
	flags.BoolVar(&n.Adopt, "adopt", false, "take over the folder of a VM that was deleted without --data")
	return cmd
}

func (f *face) vmList() *cobra.Command {
	var quiet bool
	cmd := &cobra.Command{
		Use: "list", Aliases: []string{"ls"},
		Short: "List the VMs", Example: "  vmterminal vm list",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			list, notes, err := f.svc.VMs(cmd.Context())
			if err != nil {
				return err
			}
			for _, n := range notes {
				f.say("Note: %s", n)
			}
			out := struct {
				Schema int      `json:"schema"`
				VMs    []vmView `json:"vms"`
			}{schema, []vmView{}}
			for _, v := range list {
				out.VMs = append(out.VMs, vmJSON(v))
			}
			return f.data(out, func() {
				if !quiet {
					f.printVMs(list)
					return
				}
				for _, v := range list {
					f.printf("%s\n", v.Name)
				}
			})
		},
	}
	f.wantQuiet(cmd, &quiet, "VMs")
	return cmd
}

func (f *face) printVMs(list []app.VM) {
	if len(list) == 0 {
		f.say("No VMs yet. Create one: vmterminal vm create default")
		return
	}
	width := 4
	for _, v := range list {
		width = max(width, len([]rune(v.Name)))
	}
	f.printf("  %-*s  %-13s  %4s  %8s  %10s  %9s  %s\n", width, "NAME", "STATE", "CPUS", "MEMORY", "DISK USED", "SNAPSHOTS", "LAST SNAPSHOT")
	for _, v := range list {
		mark, last := " ", "-"
		if v.Active {
			mark = "*"
		}
		if !v.LastSnapshot.IsZero() {
			last = local(v.LastSnapshot)
		}
		f.printf("%s %-*s  ", mark, width, v.Name)
		f.printfState(string(v.State), 13, "  %4d  %5d MB  %10s  %9d  %s\n", v.CPUs, v.MemoryMB, size(v.DiskUsed), v.Snapshots, last)
		if v.Problem != "" {
			f.printf("    %s\n", v.Problem)
		}
	}
}

func (f *face) vmUse() *cobra.Command {
	return &cobra.Command{
		Use:   "use NAME",
		Short: "Make a VM the active one: the one meant when --vm is absent", Example: "  vmterminal vm use dev",
		Args: cobra.ExactArgs(1), ValidArgsFunction: f.completeVM,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.svc.UseVM(cmd.Context(), args[0]); err != nil {
				return err
			}
			v, err := f.svc.VM(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return f.data(vmDocument(v), func() { f.printf("Active VM: %s\n", v.Name) })
		},
	}
}

func (f *face) vmShow() *cobra.Command {
	return &cobra.Command{
		Use:   "show [NAME]",
		Short: "Show all about one VM", Example: "  vmterminal vm show dev",
		Args: cobra.MaximumNArgs(1), ValidArgsFunction: f.completeVM,
		RunE: func(cmd *cobra.Command, args []string) error {
			v, err := f.svc.VM(cmd.Context(), firstOr(args, ""))
			if err != nil {
				return err
			}
			return f.data(vmDocument(v), func() { f.printVM(v) })
		},
	}
}

func (f *face) printVM(v app.VM) {
	f.printf("VM: %s\n", v.Name)
	f.printState(v)
	f.printf("  Image: %s\n", v.Image)
	if v.UEFI {
		f.printf("  Firmware: UEFI\n")
	}
	f.printf("  CPUs: %d\n", v.CPUs)
	f.printf("  Memory: %d MB\n", v.MemoryMB)
	f.printf("  Disk size: %s\n", megabytes(v.DiskSize))
	f.printf("  Disk used: %s\n", megabytes(v.DiskUsed))
	if v.UndoUsed > 0 {
		f.printf("  Kept from before the last restore: %s\n", megabytes(v.UndoUsed))
	}
	f.printNetwork(v)
	f.printShares(v)
	f.printf("  Snapshots: %d\n", v.Snapshots)
	f.printf("  Created: %s\n", local(v.Created))
	f.printf("  Folder: %s\n", v.Dir)
}

func (f *face) vmDelete() *cobra.Command {
	var data, yes bool
	cmd := &cobra.Command{
		Use: "delete NAME...", Aliases: []string{"rm"},
		Short: "Take a VM from the list; with --data, delete its disk and snapshots too",
		Example: `  vmterminal vm delete old            # vm create old --adopt brings it back
  vmterminal vm delete old --data -y  # gone for good`,
		Args: cobra.MinimumNArgs(1), ValidArgsFunction: f.completeVMs,
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.deleteVMs(cmd, args, data, yes)
		},
	}
	cmd.Flags().BoolVar(&data, "data", false, "delete the disk and all snapshots too, for good")
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	return cmd
}

func firstOr(args []string, def string) string {
	if len(args) == 0 {
		return def
	}
	return args[0]
}

func local(t time.Time) string { return t.Local().Format("2006-01-02 15:04:05") }

// size writes bytes for reading at a glance.
func size(bytes int64) string {
	switch {
	case bytes >= 10<<30:
		return fmt.Sprintf("%.0f GB", float64(bytes)/(1<<30))
	case bytes >= 1<<30:
		return fmt.Sprintf("%.1f GB", float64(bytes)/(1<<30))
	default:
		return fmt.Sprintf("%.1f MB", float64(bytes)/(1<<20))
	}
}

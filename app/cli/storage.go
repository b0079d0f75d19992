package cli

import (
	"cmp"
	"slices"

	"github.com/spf13/cobra"

	"vmterminal/app"
	"vmterminal/app/units"
)

type storageView struct {
	VM        string         `json:"vm"`
	Takes     int64          `json:"takes"`
	Disk      int64          `json:"disk"`
	Undo      int64          `json:"undo"`
	Snapshots []snapshotView `json:"snapshots"`
	Problem   string         `json:"problem,omitempty"`
}

func storageJSON(v app.VMStorage) storageView {
	out := storageView{VM: v.VM, Takes: v.Total(), Disk: v.Disk, Undo: v.Undo, Snapshots: []snapshotView{}, Problem: renderLine(v.Problem, "")}
	for _, s := range v.Snapshots {
		out.Snapshots = append(out.Snapshots, snapshotJSON(s))
	}
	return out
}

func storageCommand(r *runner) *cobra.Command {
	return &cobra.Command{
		Use:   "storage",
		Short: "Show disk usage and what deleting would free",
		Example: `  vmterminal storage
  vmterminal storage --json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			all, err := r.svc.Storage(cmd.Context())
			if err != nil {
				return err
			}
			out := struct {
				Schema int           `json:"schema"`
				Free   int64         `json:"free"`
				Total  int64         `json:"total"`
				Images int64         `json:"images"`
				VMs    []storageView `json:"vms"`
			}{schema, all.Free, all.Total, all.ImageBytes, []storageView{}}
			for _, v := range all.VMs {
				out.VMs = append(out.VMs, storageJSON(v))
			}
			return r.writeResult(out, func() { printStorage(r.printer, all) })
		},
	}
}

func printStorage(p *printer, all app.Storage) {
	p.printf("Free: %s of %s\n", units.Bytes(all.Free), units.Bytes(all.Total))
	if all.ImageBytes > 0 {
		p.printf("Images: %s\n", units.Bytes(all.ImageBytes))
	}
	for _, v := range all.VMs {
		p.printf("VM '%s': %s\n", app.Plain(v.VM), units.Bytes(v.Total()))
		p.printf("  Disk: %s\n", units.Bytes(v.Disk))
		if v.Undo > 0 {
			p.printf("  Undo disk: %s (snapshot undo --discard deletes it)\n", units.Bytes(v.Undo))
		}
		if v.Problem != nil {
			p.printf("  Snapshots: %s\n", renderLine(v.Problem, ""))
		}
		printSnapshotSizes(p, v.Snapshots)
	}
}

// printSnapshotSizes lists snapshots by the space that deleting them frees, largest first.
func printSnapshotSizes(p *printer, list []app.Snapshot) {
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b app.Snapshot) int { return cmp.Compare(b.Frees, a.Frees) })
	for _, s := range list {
		p.printf("  Snapshot '%s': %s (deleting frees %s)\n", app.Plain(s.Name), units.Bytes(s.FileSize), units.Bytes(s.Frees))
	}
}

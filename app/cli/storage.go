package cli

import (
	"cmp"
	"slices"

	"github.com/spf13/cobra"

	"vmterminal/app"
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
	out := storageView{VM: v.VM, Takes: v.Takes(), Disk: v.Disk, Undo: v.Undo, Snapshots: []snapshotView{}, Problem: v.Problem}
	for _, s := range v.Snapshots {
		out.Snapshots = append(out.Snapshots, snapshotJSON(s))
	}
	return out
}

func (f *face) storageCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "storage",
		Short: "Tell what each VM and snapshot takes, what is free, and what deleting would free",
		Example: `  vmterminal storage
  vmterminal storage --json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			all, err := f.svc.Storage(cmd.Context())
			if err != nil {
				return err
			}
			out := struct {
				Schema int           `json:"schema"`
				Free   int64         `json:"free"`
				Total  int64         `json:"total"`
				Images int64         `json:"images"`
				VMs    []storageView `json:"vms"`
			}{schema, all.Free, all.Total, all.Images, []storageView{}}
			for _, v := range all.VMs {
				out.VMs = append(out.VMs, storageJSON(v))
			}
			return f.data(out, func() { f.printStorage(all) })
		},
	}
}

func (f *face) printStorage(all app.Storage) {
	f.printf("Free: %s of %s\n", megabytes(all.Free), megabytes(all.Total))
	if all.Images > 0 {
		f.printf("Images: %s\n", megabytes(all.Images))
	}
	for _, v := range all.VMs {
		f.printf("VM '%s': %s\n", app.Plain(v.VM), megabytes(v.Takes()))
		f.printf("  Disk: %s\n", megabytes(v.Disk))
		if v.Undo > 0 {
			f.printf("  Kept for undo: %s (snapshot undo --discard frees it)\n", megabytes(v.Undo))
		}
		if v.Problem != "" {
			f.printf("  Snapshots: %s\n", app.Plain(v.Problem))
		}
		f.printLargest(v.Snapshots)
	}
}

// printLargest lists snapshots by what deleting them frees, most first.
func (f *face) printLargest(list []app.Snapshot) {
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b app.Snapshot) int { return cmp.Compare(b.Frees, a.Frees) })
	for _, s := range list {
		f.printf("  Snapshot '%s': %s (deleting frees %s)\n", app.Plain(s.Name), megabytes(s.FileSize), megabytes(s.Frees))
	}
}

package cli

import (
	"fmt"

	"github.com/spf13/cobra"
)

// deleteVMs deletes what there is of the named VMs, tells of the rest, and fails
// with the first error.
func (f *face) deleteVMs(cmd *cobra.Command, names []string, data, yes bool) error {
	out := struct {
		Schema  int        `json:"schema"`
		Deleted []string   `json:"deleted"`
		Data    bool       `json:"data"`
		Error   *errorJSON `json:"error,omitempty"` // the first
	}{Schema: schema, Deleted: []string{}, Data: data}
	var first error
	for _, name := range names {
		deleted, err := f.deleteVM(cmd, name, data, yes)
		switch {
		case err == nil:
			out.Deleted = append(out.Deleted, deleted)
		case cmd.Context().Err() != nil:
			return err
		case first == nil:
			first = err
		default:
			f.say("vmterminal: %s", explain(err).Line())
		}
	}
	if len(out.Deleted) == 0 {
		return first
	}
	out.Error = failureJSON(first)
	err := f.data(out, func() {
		for _, name := range out.Deleted {
			f.printf("VM deleted: %s\n", name)
		}
	})
	if err != nil {
		return err
	}
	return first
}

func (f *face) deleteVM(cmd *cobra.Command, name string, data, yes bool) (string, error) {
	v, err := f.svc.VM(cmd.Context(), name)
	if err != nil {
		return "", err
	}
	if data && !yes {
		question := fmt.Sprintf("Delete the disk of '%s' and its %d snapshots for good?", v.Name, v.Snapshots)
		if err := f.confirm(cmd, question); err != nil {
			return "", err
		}
	}
	if err := f.svc.DeleteVM(cmd.Context(), v.Name, data); err != nil {
		return "", err
	}
	if !data && !f.json {
		f.say("The disk and snapshots of '%s' stay in %s; 'vmterminal vm create %s --adopt' brings it back.", v.Name, v.Dir, v.Name)
	}
	return v.Name, nil
}

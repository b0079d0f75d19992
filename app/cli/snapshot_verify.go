package cli

import (
	"github.com/spf13/cobra"

	"vmterminal/app"
)

func (f *face) snapshotVerify() *cobra.Command {
	var all, quick bool
	cmd := &cobra.Command{
		Use:   "verify NAME...",
		Short: "Read snapshots from end to end and say what was compared; change nothing",
		Example: `  vmterminal snapshot verify before-upgrade
  vmterminal snapshot verify --all --quick`,
		ValidArgsFunction: f.completeSnapshots,
		Args: func(cmd *cobra.Command, args []string) error {
			if all == (len(args) > 0) {
				return usagef(cmd, "either names of snapshots, or --all")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if all {
				list, err := f.svc.Snapshots(cmd.Context(), f.vm)
				if err != nil {
					return err
				}
				for _, s := range list.Snapshots {
					args = append(args, s.Name)
				}
			}
			return f.verify(cmd, args, quick)
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "verify all snapshots of the VM")
	cmd.Flags().BoolVar(&quick, "quick", false, "check size, header and the digest of the compressed bytes only")
	return cmd
}

type verifiedView struct {
	Name     string     `json:"name"`
	OK       bool       `json:"ok"`
	Compared string     `json:"compared,omitempty"`
	Bytes    int64      `json:"bytes,omitempty"`
	BadChunk *int64     `json:"bad_chunk,omitempty"` // the first, of 1 MiB each
	Error    *errorJSON `json:"error,omitempty"`
}

// verify goes on after a bad snapshot, and fails with the first error, of those
// with the first that is of damage.
func (f *face) verify(cmd *cobra.Command, names []string, quick bool) error {
	out := struct {
		Schema   int            `json:"schema"`
		Verified []verifiedView `json:"verified"`
	}{schema, []verifiedView{}}
	var failure error
	for _, name := range names {
		v, err := f.verifyOne(cmd, name, quick)
		if cmd.Context().Err() != nil {
			return err
		}
		if err == nil {
			out.Verified = append(out.Verified, verifiedView{Name: v.Name, OK: true, Compared: v.Compared, Bytes: v.Bytes})
			continue
		}
		p := explain(err)
		out.Verified = append(out.Verified, verifiedView{Name: name, BadChunk: app.BadChunk(err), Error: asJSON(p)})
		switch {
		case failure == nil:
			failure = err
		case p.Exit == app.ExitDamaged && explain(failure).Exit != app.ExitDamaged:
			failure, p = err, explain(failure)
			fallthrough
		default:
			f.say("vmterminal: %s", p.Line())
		}
	}
	err := f.data(out, func() {
		for _, v := range out.Verified {
			if v.OK {
				f.printf("Snapshot verified: %s (%s)\n", v.Name, v.Compared)
			}
		}
	})
	if err != nil {
		return err
	}
	return failure
}

func (f *face) verifyOne(cmd *cobra.Command, name string, quick bool) (app.Verified, error) {
	job, err := f.svc.VerifySnapshot(cmd.Context(), f.vm, name, quick)
	if err != nil {
		return app.Verified{}, err
	}
	f.say("Verifying snapshot '%s' of VM '%s'...", job.Subject, job.VM)
	err = f.follow(cmd.Context(), job)
	v, _ := job.Result().(app.Verified)
	return v, err
}

package cli

import (
	"cmp"

	"github.com/spf13/cobra"

	"vmterminal/app"
	"vmterminal/app/job"
	"vmterminal/app/problem"
)

func snapshotVerifyCommand(r *runner) *cobra.Command {
	var all, quick bool
	cmd := &cobra.Command{
		Use:   "verify NAME...",
		Short: "Verify that snapshots are intact",
		Long: `Verify decompresses snapshots and compares all data with the checksums in their
files. It does not change them. If a snapshot is damaged, it verifies the others and
then fails.`,
		Example: `  vmterminal snapshot verify before-upgrade
  vmterminal snapshot verify --all --quick`,
		ValidArgsFunction: r.completeSnapshots,
		Args: func(cmd *cobra.Command, args []string) error {
			if all == (len(args) > 0) {
				return usagef(cmd, "name snapshots or use --all, not both")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if all {
				args = nil
			}
			return verifySnapshots(r, cmd, args, quick)
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "verify all snapshots of the VM")
	cmd.Flags().BoolVar(&quick, "quick", false, "check only the file's size and header and the checksum of its compressed data")
	return cmd
}

type verifiedView struct {
	Name     string     `json:"name"`
	OK       bool       `json:"ok"`
	Compared string     `json:"compared,omitempty"`
	Bytes    int64      `json:"bytes,omitempty"`
	BadChunk *int64     `json:"bad_chunk,omitempty"` // the first one; a chunk is 1 MiB
	Error    *errorJSON `json:"error,omitempty"`
}

// verifySnapshots verifies the named snapshots, or all if there are no names. It continues
// after a failure. It returns the first error that reports damage, or else the first error.
func verifySnapshots(r *runner, cmd *cobra.Command, names []string, quick bool) error {
	out := struct {
		Schema   int            `json:"schema"`
		Verified []verifiedView `json:"verified"`
	}{schema, []verifiedView{}}
	var failure error
	note := func(name string, j *job.Job[app.Verified], err error) bool {
		var v app.Verified
		if err == nil {
			v, err = verifySnapshot(r.printer, cmd, j)
		}
		if cmd.Context().Err() != nil {
			failure = err
			return false
		}
		if err == nil {
			out.Verified = append(out.Verified, verifiedView{Name: v.Name, OK: true, Compared: comparisonText(v.Compared), Bytes: v.Bytes})
			return true
		}
		p := explain(err)
		out.Verified = append(out.Verified, verifiedView{Name: name, BadChunk: app.BadChunk(err), Error: errorDocument(p)})
		switch {
		case failure == nil:
			failure = err
		case p.Exit == problem.ExitDamaged && explain(failure).Exit != problem.ExitDamaged:
			failure, p = err, explain(failure)
			fallthrough
		default:
			r.printFailure(p)
		}
		return true
	}
	if err := r.svc.VerifySnapshots(cmd.Context(), r.vm, names, quick, note); err != nil {
		return cmp.Or(failure, err)
	}
	err := r.writeResult(out, func() {
		for _, v := range out.Verified {
			if v.OK {
				r.printf("Snapshot verified: %s (%s)\n", v.Name, v.Compared)
			}
		}
	})
	if err != nil {
		return err
	}
	return failure
}

func verifySnapshot(p *printer, cmd *cobra.Command, j *job.Job[app.Verified]) (app.Verified, error) {
	p.infof("Verifying snapshot '%s' of VM '%s'...", j.Subject, j.VM)
	return followJob(cmd.Context(), p, j)
}

var comparisonTexts = map[app.Comparison]string{
	app.ComparedAll:     "All data was decompressed and compared with the file's SHA-256 and CRC-32, and all compressed bytes with its CRC-32C.",
	app.ComparedQuick:   "The file's length and header were checked, and all compressed bytes compared with its CRC-32C; nothing was decompressed.",
	app.ComparedForeign: "All data was decompressed and compared with the CRC-32 and length in the gzip file, which was not written by VMTerminal and has no SHA-256.",
}

// comparisonText describes what a verification compared. An unknown code is returned as is.
func comparisonText(c app.Comparison) string { return cmp.Or(comparisonTexts[c], string(c)) }

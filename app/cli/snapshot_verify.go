package cli

import (
	"cmp"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"vmterminal/app"
	"vmterminal/app/job"
	"vmterminal/app/problem"
)

func snapshotVerifyCommand(r *runner) *cobra.Command {
	var all, boot bool
	var opt app.VerifyOptions
	var timeout time.Duration
	cmd := &cobra.Command{
		Use:   "verify NAME...",
		Short: "Verify that snapshots are intact",
		Long: `Verify decompresses snapshots and compares all data with the checksums in their
files. It does not change them. If a snapshot is damaged, it verifies the others and
then fails.

With --boot, verify starts each snapshot as a temporary VM without network, waits until
the guest's agent answers or a login prompt appears on the console, and deletes the VM.
Only the parts that the guest reads are compared with their checksums. If the guest does
not start, the end of its console is printed. 'vmterminal snapshot show' prints when a
snapshot was last started in this way.`,
		Example: `  vmterminal snapshot verify before-upgrade
  vmterminal snapshot verify --boot before-upgrade
  vmterminal snapshot verify --all --quick`,
		ValidArgsFunction: r.completeSnapshots,
		Args: func(cmd *cobra.Command, args []string) error {
			if all == (len(args) > 0) {
				return usagef(cmd, "name snapshots or use --all, not both")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case boot && opt.Quick:
				return usagef(cmd, "--boot and --quick cannot be combined")
			case timeout <= 0:
				return usagef(cmd, "--timeout must be positive")
			case cmd.Flags().Changed("timeout") && !boot:
				return usagef(cmd, "--timeout needs --boot")
			}
			if all {
				args = nil
			}
			if boot {
				opt.Boot = timeout
			}
			return verifySnapshots(r, cmd, args, opt)
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "verify all snapshots of the VM")
	cmd.Flags().BoolVar(&opt.Quick, "quick", false, "check only the file's size and header and the checksum of its compressed data")
	cmd.Flags().BoolVar(&boot, "boot", false, "start each snapshot as a temporary VM to see whether its guest starts")
	cmd.Flags().DurationVar(&timeout, "timeout", 5*time.Minute, "time that the guest has to start, with --boot")
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
func verifySnapshots(r *runner, cmd *cobra.Command, names []string, opt app.VerifyOptions) error {
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
	if err := r.svc.VerifySnapshots(cmd.Context(), r.vm, names, opt, note); err != nil {
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
	v, err := followJob(cmd.Context(), p, j)
	if failed := (*app.BootFailure)(nil); errors.As(err, &failed) && len(failed.Console) > 0 {
		p.infof("The end of the console:")
		for _, line := range failed.Console {
			p.infof("    %s", line)
		}
	}
	return v, err
}

var comparisonTexts = map[app.Comparison]string{
	app.ComparedAll:     "All data was decompressed and compared with the file's SHA-256 and CRC-32, and all compressed bytes with its CRC-32C.",
	app.ComparedQuick:   "The file's length and header were checked, and all compressed bytes compared with its CRC-32C; nothing was decompressed.",
	app.ComparedBoot:    "The guest started; only what it read was compared.",
	app.ComparedForeign: "All data was decompressed and compared with the CRC-32 and length in the gzip file, which was not written by VMTerminal and has no SHA-256.",
}

// comparisonText describes what a verification compared. An unknown code is returned as is.
func comparisonText(c app.Comparison) string { return cmp.Or(comparisonTexts[c], string(c)) }

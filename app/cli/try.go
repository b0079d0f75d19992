package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"vmterminal/app"
	"vmterminal/app/units"
)

// A tryRun is one use of the command try.
type tryRun struct {
	vm         string
	args       []string
	keep       bool
	rollBack   bool
	onFailure  bool
	onTerminal bool

	snapshot     app.Snapshot
	exit         int
	changes      []app.FileChange
	changesKnown bool // changes could be determined
}

func tryCommand(r *runner) *cobra.Command {
	var t tryRun
	cmd := &cobra.Command{
		Use:   "try [flags] [--] COMMAND [ARG...]",
		Short: "Run a command in a VM, then keep or undo its changes",
		Long: `Try takes a snapshot of a running VM, runs the command in it, and shows its exit code
and the files that were added, changed and removed. Then it asks whether to keep the
changes or roll back. Without a terminal it keeps them. Rolling back cuts the VM's
power, restores the snapshot and starts the VM. The exit code is that of the command.`,
		Example: `  vmterminal try -- apt-get -y full-upgrade
  vmterminal try --rollback-on-failure -- make install
  vmterminal try --rollback -- sh -c 'rm -rf /usr/lib'`,
		Args: cobra.MinimumNArgs(1), ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			if t.keep && (t.rollBack || t.onFailure) || t.rollBack && t.onFailure {
				return usagef(cmd, "--keep, --rollback and --rollback-on-failure cannot be combined")
			}
			t.args = args
			return runTry(r, cmd, &t)
		},
	}
	cmd.Flags().BoolVar(&t.keep, "keep", false, "keep the changes without asking")
	cmd.Flags().BoolVar(&t.rollBack, "rollback", false, "roll back without asking")
	cmd.Flags().BoolVar(&t.onFailure, "rollback-on-failure", false, "do not ask: roll back if the command fails, keep the changes otherwise")
	cmd.Flags().BoolVarP(&t.onTerminal, "tty", "t", false, "allocate a terminal in the guest")
	addFilterFlag(r, cmd)
	return addVMFlag(r, markGuestCommand(cmd))
}

func runTry(r *runner, cmd *cobra.Command, t *tryRun) error {
	ctx := cmd.Context()
	job, err := r.svc.BeginTry(ctx, r.vm, t.args)
	if err != nil {
		return err
	}
	t.vm = job.VM
	r.infof("Taking snapshot '%s' of VM '%s'...", job.Subject, job.VM)
	if t.snapshot, err = followJob(ctx, r.printer, job); err != nil {
		return err
	}
	noteNotFrozen(r.printer, "snapshot", t.snapshot.NotFrozen)
	before, listErr := r.svc.GuestFiles(ctx, t.vm)
	if err := runTriedCommand(r, cmd, t); err != nil {
		r.infof("%s", t.restoreHint())
		return app.TryError(t.vm, err)
	}
	if listErr == nil {
		var after app.GuestFiles
		if after, listErr = r.svc.GuestFiles(ctx, t.vm); listErr == nil {
			t.changes, t.changesKnown = after.ChangesSince(before), true
		}
	}
	reportTry(r.printer, t, listErr)
	rollBack, err := decideRollback(ctx, r.printer, t)
	if err == nil && rollBack {
		err = rollBackTry(ctx, r, t)
	}
	if err != nil {
		r.infof("%s", t.restoreHint())
		return err
	}
	if !rollBack {
		r.infof("Changes kept. %s", t.restoreHint())
	}
	return finishTry(r.printer, t, rollBack)
}

// runTriedCommand runs the command. With --json its output goes to standard error.
func runTriedCommand(r *runner, cmd *cobra.Command, t *tryRun) error {
	if t.onTerminal {
		exit, err := execOnTerminal(r, cmd, t.args)
		t.exit = exit
		return err
	}
	c := app.GuestCommand{Args: t.args, Stdout: r.stdout(), Stderr: r.stderr()}
	if r.json {
		c.Stdout = r.stderr()
	}
	exit, err := r.svc.Exec(cmd.Context(), t.vm, c)
	t.exit = exit
	return err
}

func (t *tryRun) restoreHint() string {
	return fmt.Sprintf(withProgramName("To roll back: vmterminal stop --vm %s; vmterminal snapshot restore %s --vm %s"), t.vm, t.snapshot.Name, t.vm)
}

// maxShownChanges limits the list of changes in text output.
const maxShownChanges = 40

func reportTry(p *printer, t *tryRun, listErr error) {
	p.infof("")
	p.infof("The command exited with code %d.", t.exit)
	if !t.changesKnown {
		p.infof("Its changes could not be determined: %s", explain(listErr).Detail)
		return
	}
	count := map[app.FileChangeKind]int{}
	for _, c := range t.changes {
		count[c.Kind]++
	}
	p.infof("Files: %d added, %d changed, %d removed.", count[app.FileAdded], count[app.FileChanged], count[app.FileRemoved])
	shown := app.SummarizeChanges(t.changes)
	for i, c := range shown {
		if i == maxShownChanges {
			p.infof("  and %d more; --json lists all", len(shown)-i)
			break
		}
		p.infof("  %s", formatChange(c))
	}
}

func formatChange(c app.TreeChange) string {
	sign := map[app.FileChangeKind]string{app.FileAdded: "+", app.FileChanged: "~", app.FileRemoved: "-"}[c.Kind]
	switch {
	case c.Dir && c.Kind == app.FileChanged:
		return fmt.Sprintf("%s %s/", sign, c.Path)
	case c.Dir:
		return fmt.Sprintf("%s %s/ (%s, %s)", sign, c.Path, pluralize(c.Files, "file"), units.Bytes(max(c.Before, c.After)))
	case c.Kind == app.FileChanged && c.Before != c.After:
		return fmt.Sprintf("%s %s (%s, was %s)", sign, c.Path, units.Bytes(c.After), units.Bytes(c.Before))
	default:
		return fmt.Sprintf("%s %s (%s)", sign, c.Path, units.Bytes(max(c.Before, c.After)))
	}
}

// decideRollback reports whether to roll back. At the end of input, as without a terminal, the
// changes are kept.
func decideRollback(ctx context.Context, p *printer, t *tryRun) (rollBack bool, err error) {
	switch {
	case t.keep:
		return false, nil
	case t.rollBack:
		return true, nil
	case t.onFailure:
		return t.exit != 0, nil
	}
	in, ok := questionTerminal(p)
	if !ok {
		return false, nil
	}
	for {
		_, _ = io.WriteString(p.io.Err, "Keep the changes or roll back? [k/r] ")
		answer, err := readAnswer(ctx, in)
		if err != nil {
			p.infof("")
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return false, app.TryError(t.vm, err)
		}
		switch strings.ToLower(strings.TrimSpace(answer)) {
		case "k", "keep":
			return false, nil
		case "r", "roll back", "rollback":
			return true, nil
		}
	}
}

func rollBackTry(ctx context.Context, r *runner, t *tryRun) error {
	job, err := r.svc.RollBack(ctx, t.vm, t.snapshot.Name, restoreWarner(r.printer), stopReporter(r.printer, t.vm))
	if err != nil {
		return err
	}
	r.infof("Rolling VM '%s' back to '%s'...", t.vm, t.snapshot.Name)
	if _, err := followJob(ctx, r.printer, job); err != nil {
		return err
	}
	// The disk is identical to the snapshot now.
	if err := r.svc.DeleteSnapshot(ctx, t.vm, t.snapshot.Name); err != nil {
		r.printFailure(explain(err))
	}
	r.infof("Rolled back; the VM is starting. 'vmterminal snapshot undo' brings the changes back.")
	return nil
}

type fileChangeView struct {
	Path   string `json:"path"`
	Bytes  []byte `json:"path_bytes,omitempty"` // see pathBytes
	Change string `json:"change"`
	Before int64  `json:"before"`
	After  int64  `json:"after"`
	Dir    bool   `json:"dir"`
}

func fileChangeJSON(c app.FileChange) fileChangeView {
	return fileChangeView{c.Path, pathBytes(c.Path), string(c.Kind), c.Before, c.After, c.Dir}
}

// finishTry writes the result and returns the command's exit code as a guestExit, or nil if it
// is 0.
func finishTry(p *printer, t *tryRun, rolledBack bool) error {
	out := struct {
		Schema     int              `json:"schema"`
		VM         string           `json:"vm"`
		Snapshot   string           `json:"snapshot"`
		Exit       int              `json:"exit_code"`
		RolledBack bool             `json:"rolled_back"`
		Known      bool             `json:"changes_known"`
		Changes    []fileChangeView `json:"changes"`
	}{schema, t.vm, t.snapshot.Name, t.exit, rolledBack, t.changesKnown, []fileChangeView{}}
	for _, c := range t.changes {
		out.Changes = append(out.Changes, fileChangeJSON(c))
	}
	if p.json {
		if err := p.writeJSON(out); err != nil {
			return err
		}
	}
	return guestExitError(t.exit, nil)
}

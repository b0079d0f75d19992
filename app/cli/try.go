package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"vmterminal/app"
)

// A trial is one use of the command try.
type trial struct {
	vm         string
	args       []string
	keep       bool
	rollBack   bool
	onFailure  bool
	onTerminal bool

	snapshot app.Snapshot
	exit     int
	changes  []app.FileChange
	told     bool // whether changes are known
}

func (f *face) tryCommand() *cobra.Command {
	var t trial
	cmd := &cobra.Command{
		Use:   "try [--vm NAME] -- COMMAND [ARG...]",
		Short: "Take a snapshot, run a command in a VM, show what changed, then keep it or roll back",
		Long: `Try takes a snapshot of a running VM, runs the command in it, and shows its exit
code and which files were added, changed and removed. Then it asks whether to keep
that or to roll back; without a terminal to ask on, it keeps it. Rolling back cuts
the VM's power, restores the snapshot and starts the VM again. The exit code is the
command's own.`,
		Example: `  vmterminal try -- apt-get -y full-upgrade
  vmterminal try --rollback-on-failure -- make install
  vmterminal try --rollback -- sh -c 'rm -rf /usr/lib'`,
		Args: cobra.MinimumNArgs(1), ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			if t.keep && (t.rollBack || t.onFailure) || t.rollBack && t.onFailure {
				return usagef(cmd, "only one of --keep, --rollback and --rollback-on-failure")
			}
			t.args = args
			return f.try(cmd, &t)
		},
	}
	cmd.Flags().BoolVar(&t.keep, "keep", false, "keep what the command did, without asking")
	cmd.Flags().BoolVar(&t.rollBack, "rollback", false, "roll back, without asking")
	cmd.Flags().BoolVar(&t.onFailure, "rollback-on-failure", false, "roll back if the command's exit code is not 0, else keep; without asking")
	cmd.Flags().BoolVarP(&t.onTerminal, "tty", "t", false, "run it on a terminal in the guest, joined with this one")
	return f.wantVM(cmd)
}

func (f *face) try(cmd *cobra.Command, t *trial) error {
	ctx := cmd.Context()
	job, err := f.svc.BeginTry(ctx, f.vm, t.args)
	if err != nil {
		return err
	}
	t.vm = job.VM
	f.say("Taking snapshot '%s' of VM '%s'...", job.Subject, job.VM)
	if err := f.follow(ctx, job); err != nil {
		return err
	}
	t.snapshot, _ = job.Result().(app.Snapshot)
	before, unlisted := f.svc.GuestFiles(ctx, t.vm)
	if err := f.tryOut(cmd, t); err != nil {
		f.say("%s", t.wayBack())
		return app.CutTry(t.vm, err)
	}
	if unlisted == nil {
		var after app.GuestFiles
		if after, unlisted = f.svc.GuestFiles(ctx, t.vm); unlisted == nil {
			t.changes, t.told = after.Since(before), true
		}
	}
	f.sayTried(t, unlisted)
	back, err := f.choose(ctx, t)
	if err == nil && back {
		err = f.rollBack(ctx, t)
	}
	if err != nil {
		f.say("%s", t.wayBack())
		return err
	}
	if !back {
		f.say("Kept. %s", t.wayBack())
	}
	return f.tried(t, back)
}

// tryOut runs the command. With --json its output goes where ours goes.
func (f *face) tryOut(cmd *cobra.Command, t *trial) error {
	if t.onTerminal {
		exit, err := f.runOnTerminal(cmd, t.args)
		t.exit = exit
		return err
	}
	c := app.GuestCommand{Args: t.args, Stdout: f.io.Out, Stderr: f.io.Err}
	if f.json {
		c.Stdout = f.io.Err
	}
	exit, err := f.svc.Exec(cmd.Context(), t.vm, c)
	t.exit = exit
	return err
}

func (t *trial) wayBack() string {
	return fmt.Sprintf("The way back: vmterminal stop --vm %s; vmterminal snapshot restore %s --vm %s", t.vm, t.snapshot.Name, t.vm)
}

// mostShown is how many changes are shown for people.
const mostShown = 40

func (f *face) sayTried(t *trial, unlisted error) {
	f.say("")
	f.say("The command ended with exit code %d.", t.exit)
	if !t.told {
		f.say("What it changed is not known: %s", explain(unlisted).Detail)
		return
	}
	count := map[app.FileChangeKind]int{}
	for _, c := range t.changes {
		count[c.Kind]++
	}
	f.say("Files: %d added, %d changed, %d removed.", count[app.FileAdded], count[app.FileChanged], count[app.FileRemoved])
	shown := app.Shortened(t.changes)
	for i, c := range shown {
		if i == mostShown {
			f.say("  and %d more; --json has all", len(shown)-i)
			break
		}
		f.say("  %s", changeLine(c))
	}
}

func changeLine(c app.TreeChange) string {
	sign := map[app.FileChangeKind]string{app.FileAdded: "+", app.FileChanged: "~", app.FileRemoved: "-"}[c.Kind]
	switch {
	case c.Dir && c.Kind == app.FileChanged:
		return fmt.Sprintf("%s %s/", sign, c.Path)
	case c.Dir:
		return fmt.Sprintf("%s %s/ (%d in it, %s)", sign, c.Path, c.Files, smallSize(max(c.Before, c.After)))
	case c.Kind == app.FileChanged && c.Before != c.After:
		return fmt.Sprintf("%s %s (%s, was %s)", sign, c.Path, smallSize(c.After), smallSize(c.Before))
	default:
		return fmt.Sprintf("%s %s (%s)", sign, c.Path, smallSize(max(c.Before, c.After)))
	}
}

// smallSize writes the size of a file that may be small.
func smallSize(n int64) string {
	if n < 1<<20 {
		return fmt.Sprintf("%d bytes", n)
	}
	return size(n)
}

// choose tells whether to roll back. The end of the answers is as if there were no
// terminal to ask on.
func (f *face) choose(ctx context.Context, t *trial) (back bool, err error) {
	switch {
	case t.keep:
		return false, nil
	case t.rollBack:
		return true, nil
	case t.onFailure:
		return t.exit != 0, nil
	}
	in, ok := terminal(f.io.In)
	if _, shows := terminal(f.io.Err); !ok || !shows || f.json {
		return false, nil
	}
	for {
		_, _ = io.WriteString(f.io.Err, "Keep it, or roll back? [k/r] ")
		answer, err := answerOf(ctx, in)
		if err != nil {
			f.say("")
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return false, app.CutTry(t.vm, err)
		}
		switch strings.ToLower(strings.TrimSpace(answer)) {
		case "k", "keep":
			return false, nil
		case "r", "roll back", "rollback":
			return true, nil
		}
	}
}

// answerOf reads a line, unless ctx ends before.
func answerOf(ctx context.Context, in io.Reader) (string, error) {
	type line struct {
		text string
		err  error
	}
	got := make(chan line, 1)
	go func() {
		text, err := bufio.NewReader(in).ReadString('\n')
		got <- line{text, err}
	}()
	select {
	case l := <-got:
		return l.text, l.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

func (f *face) rollBack(ctx context.Context, t *trial) error {
	job, err := f.svc.RollBack(ctx, t.vm, t.snapshot.Name, func(line string) { f.say("%s", line) })
	if err != nil {
		return err
	}
	f.say("Rolling VM '%s' back to '%s'...", t.vm, t.snapshot.Name)
	if err := f.follow(ctx, job); err != nil {
		return err
	}
	// What the disk now is needs no copy beside it.
	if err := f.svc.DeleteSnapshot(ctx, t.vm, t.snapshot.Name); err != nil {
		f.say("vmterminal: %s", explain(err).Line())
	}
	f.say("Rolled back; the VM starts again. What was tried is kept for 'vmterminal snapshot undo'.")
	return nil
}

type fileChangeView struct {
	Path   string `json:"path"`
	Change string `json:"change"`
	Before int64  `json:"before"`
	After  int64  `json:"after"`
	Dir    bool   `json:"dir"`
}

// tried gives the result, and the command's exit code.
func (f *face) tried(t *trial, back bool) error {
	out := struct {
		Schema     int              `json:"schema"`
		VM         string           `json:"vm"`
		Snapshot   string           `json:"snapshot"`
		Exit       int              `json:"exit_code"`
		RolledBack bool             `json:"rolled_back"`
		Known      bool             `json:"changes_known"`
		Changes    []fileChangeView `json:"changes"`
	}{schema, t.vm, t.snapshot.Name, t.exit, back, t.told, []fileChangeView{}}
	for _, c := range t.changes {
		out.Changes = append(out.Changes, fileChangeView{c.Path, string(c.Kind), c.Before, c.After, c.Dir})
	}
	if f.json {
		if err := f.writeJSON(out); err != nil {
			return err
		}
	}
	return guestEnded(t.exit, nil)
}

package torture

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sync/errgroup"

	"vmterminal/app/torture/usecase"
	"vmterminal/snapshot"
	"vmterminal/vm/home"
)

// allowedExitCodes are the exit codes, besides 0, that concurrent commands may return: not
// found (3), and busy or name taken (4).
var allowedExitCodes = map[string][]int{
	"create": {4}, "import": {4}, "delete": {3, 4}, "rename": {3, 4}, "describe": {3, 4}, "pin": {4}, "unpin": {4},
	"restore": {3, 4}, "undo": {3, 4}, "verify": {3}, "export": {3, 4}, "prune": {4},
}

// TestConcurrentCommands runs random commands in many processes on one store. The final store
// must match the results that they reported.
func TestConcurrentCommands(t *testing.T) {
	members, commands, vms := 8, 15, 2
	if thorough {
		members, commands, vms = 50, 60, 4
	}
	c, rng := newConcurrentRun(t, vms), newRand(t)
	was, err := startSubject(t, "").inspect(c.home)
	if err != nil {
		t.Fatal(err)
	}
	var all errgroup.Group
	for number := range members {
		own := rand.New(rand.NewPCG(rng.Uint64(), 0))
		all.Go(func() error { return c.runRandomCommands(number, commands, own) })
	}
	if err := all.Wait(); err != nil {
		t.Fatal(err)
	}
	c.checkExitCodes(t)
	for _, vm := range c.vms {
		c.checkSnapshotCounts(t, vm)
		c.checkLastEdits(t, vm)
		c.checkRowsMatchFiles(t, vm)
		c.mustRun(t, vm, "snapshot", "verify", "--all")
		c.mustRun(t, vm, "snapshot", "create", "next")
		c.mustRun(t, vm, "snapshot", "delete", "next")
	}
	if left := leftoversIn(c.home); len(left) > 0 {
		t.Errorf("got leftovers %q, want none", left)
	}
	c.checkDisksKnown(t, was)
	t.Log(c.formatTally())
}

// checkExitCodes checks the exit code of each command.
func (c *concurrentRun) checkExitCodes(t *testing.T) {
	t.Helper()
	for _, d := range c.outcomes {
		lines := strings.Split(strings.TrimSpace(d.err), "\n")
		last := lines[len(lines)-1]
		switch {
		case d.hung:
			t.Errorf("%q in %s hangs: %s", d.words, d.vm, d.err)
		case d.exit == 0:
		case !slices.Contains(allowedExitCodes[d.words[1]], d.exit) || !strings.HasPrefix(last, "vmterminal: "):
			t.Errorf("%q in %s: got exit code %d, want one of %v: %s", d.words, d.vm, d.exit, allowedExitCodes[d.words[1]], d.err)
		}
	}
}

// checkSnapshotCounts compares the snapshots with the reported results: for each name,
// creations minus deletions must be the number of existing snapshots, regardless of their
// order.
func (c *concurrentRun) checkSnapshotCounts(t *testing.T, vm string) {
	t.Helper()
	count := map[string]int{}
	for _, d := range c.outcomes {
		if d.vm != vm || d.exit != 0 || d.words[0] != "snapshot" {
			continue
		}
		switch d.words[1] {
		case "create":
			count[d.words[2]]++
		case "import":
			count[d.words[4]]++
		case "delete":
			count[d.words[2]]--
		case "rename":
			count[d.words[2]]--
			count[d.words[3]]++
		case "prune":
			for line := range strings.Lines(d.out) {
				if deleted, ok := strings.CutPrefix(line, "Snapshot deleted: "); ok {
					count[strings.TrimSpace(deleted)]--
				}
			}
		}
	}
	for _, s := range c.listSnapshots(t, vm) {
		count[s.Name]--
		if s.State != "ok" && s.State != "imported" {
			t.Errorf("state of %s in %s: got %q, want ok or imported", s.Name, vm, s.State)
		}
	}
	for name, more := range count {
		if more != 0 {
			t.Errorf("%s of %s: reported creations minus deletions exceed the existing snapshots by %d, want 0", name, vm, more)
		}
	}
}

// checkLastEdits checks that the properties of the snapshot permanent match the last command
// that reported success.
func (c *concurrentRun) checkLastEdits(t *testing.T, vm string) {
	t.Helper()
	at := slices.IndexFunc(c.listSnapshots(t, vm), func(s listedSnapshot) bool { return s.Name == permanent })
	if at < 0 {
		t.Fatalf("snapshot %s of %s is missing", permanent, vm)
	}
	now := c.listSnapshots(t, vm)[at]
	text := func(d outcome) string { return d.words[3] }
	c.checkLastEdit(t, vm, []string{"describe"}, now.Description, "", text)
	c.checkLastEdit(t, vm, []string{"pin", "unpin"}, fmt.Sprint(now.Pinned), "false", func(d outcome) string {
		return fmt.Sprint(d.words[1] == "pin")
	})
}

// checkLastEdit checks that the value now could have been set by the last of the commands, or is
// equal to first if none succeeded.
func (c *concurrentRun) checkLastEdit(t *testing.T, vm string, commands []string, now, first string, value func(outcome) string) {
	t.Helper()
	edits := slices.DeleteFunc(slices.Clone(c.outcomes), func(d outcome) bool {
		return d.vm != vm || d.exit != 0 || len(d.words) < 3 || !slices.Contains(commands, d.words[1]) || d.words[2] != permanent
	})
	possible := len(edits) == 0 && now == first
	for _, d := range edits {
		later := func(other outcome) bool { return other.from > d.until }
		possible = possible || value(d) == now && !slices.ContainsFunc(edits, later)
	}
	if !possible {
		t.Errorf("%v in %s: got %q, which no last command can have set: %+v", commands, vm, now, edits)
	}
}

// checkRowsMatchFiles compares the rows with the files.
func (c *concurrentRun) checkRowsMatchFiles(t *testing.T, vm string) {
	t.Helper()
	dir := home.Dir(c.home).VM(vm)
	b, err := os.ReadFile(dir.Rows())
	if err != nil {
		t.Fatal(err)
	}
	var rows struct{ Snapshots []listedSnapshot }
	if err := json.Unmarshal(b, &rows); err != nil {
		t.Fatal(err)
	}
	var inRows, inFolder []string
	for _, row := range rows.Snapshots {
		inRows = append(inRows, snapshot.File(dir.Snapshots(), row.Name))
	}
	if inFolder, err = filepath.Glob(snapshot.File(dir.Snapshots(), "*")); err != nil {
		t.Fatal(err)
	}
	slices.Sort(inRows)
	slices.Sort(inFolder)
	if !slices.Equal(inRows, inFolder) {
		t.Errorf("snapshots of %s: got rows for %q, want rows for the files %q", vm, inRows, inFolder)
	}
}

// checkDisksKnown compares every disk, and every snapshot as decompressed by gzip, with the
// VM's initial disks.
func (c *concurrentRun) checkDisksKnown(t *testing.T, was world) {
	t.Helper()
	now, err := startSubject(t, "").inspect(c.home)
	if err != nil {
		t.Fatal(err)
	}
	disks := func(key, vm string) bool {
		is := "vm " + vm
		return strings.HasPrefix(key, is+usecase.ContentOf) || key == is+" disk" || key == is+" undo"
	}
	for _, vm := range c.vms {
		had := map[string]bool{}
		for key, value := range was {
			had[value] = had[value] || disks(key, vm)
		}
		for key, value := range now {
			if disks(key, vm) && !had[value] {
				t.Errorf("%s: got %s, which was never its contents", key, value)
			}
			if key == "vm "+vm+" notes" {
				t.Errorf("%s: %s", key, value)
			}
		}
	}
}

// formatTally returns how often each command succeeded, and how often it ran.
func (c *concurrentRun) formatTally() string {
	done, tried := map[string]int{}, map[string]int{}
	for _, d := range c.outcomes {
		if d.words[0] != "snapshot" {
			continue
		}
		tried[d.words[1]]++
		if d.exit == 0 {
			done[d.words[1]]++
		}
	}
	var out []string
	for word, n := range tried {
		out = append(out, fmt.Sprintf("%s %d of %d", word, done[word], n))
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}

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

	"vmterminal/app/ondisk"
	"vmterminal/app/torture/usecase"
)

// mayEnd are the exit codes that a command may have besides 0, with others at
// work: not found, and busy or the name taken.
var mayEnd = map[string][]int{
	"create": {4}, "import": {4}, "delete": {3, 4}, "rename": {3, 4}, "describe": {3, 4}, "pin": {4},
	"restore": {3, 4}, "undo": {3, 4}, "verify": {3}, "export": {3, 4}, "prune": {4},
}

// TestCrowd has processes of random commands on one store, all at once. In the
// end the store is what their reports add up to.
func TestCrowd(t *testing.T) {
	members, commands, vms := 8, 15, 2
	if thorough {
		members, commands, vms = 50, 60, 4
	}
	c, rng := newCrowd(t, vms), random(t)
	was, err := start(t, "").look(c.home)
	if err != nil {
		t.Fatal(err)
	}
	var all errgroup.Group
	for number := range members {
		own := rand.New(rand.NewPCG(rng.Uint64(), 0))
		all.Go(func() error { return c.member(number, commands, own) })
	}
	if err := all.Wait(); err != nil {
		t.Fatal(err)
	}
	c.endWell(t)
	for _, vm := range c.vms {
		c.addsUp(t, vm)
		c.lastWord(t, vm)
		c.agrees(t, vm)
		c.must(t, vm, "snapshot", "verify", "--all")
		c.must(t, vm, "snapshot", "create", "next")
		c.must(t, vm, "snapshot", "delete", "next")
	}
	if left := leftIn(c.home); len(left) > 0 {
		t.Errorf("left are %q", left)
	}
	c.known(t, was)
	t.Log(c.tally())
}

// endWell looks at how each command ended.
func (c *crowd) endWell(t *testing.T) {
	t.Helper()
	for _, d := range c.told {
		said := strings.Split(strings.TrimSpace(d.err), "\n")
		last := said[len(said)-1]
		switch {
		case d.hung:
			t.Errorf("%q of %s hangs: %s", d.words, d.vm, d.err)
		case d.exit == 0:
		case !slices.Contains(mayEnd[d.words[1]], d.exit) || !strings.HasPrefix(last, "vmterminal: "):
			t.Errorf("%q of %s: exit code %d: %s", d.words, d.vm, d.exit, d.err)
		}
	}
}

// addsUp holds every name against what was said to be done: a snapshot can only
// be made where there is none, and go where there is one. So those that came,
// less those that went, are the ones that are there, whoever was first.
func (c *crowd) addsUp(t *testing.T, vm string) {
	t.Helper()
	there := map[string]int{}
	for _, d := range c.told {
		if d.vm != vm || d.exit != 0 || d.words[0] != "snapshot" {
			continue
		}
		switch d.words[1] {
		case "create":
			there[d.words[2]]++
		case "import":
			there[d.words[4]]++
		case "delete":
			there[d.words[2]]--
		case "rename":
			there[d.words[2]]--
			there[d.words[3]]++
		case "prune":
			for line := range strings.Lines(d.out) {
				if gone, ok := strings.CutPrefix(line, "Snapshot deleted: "); ok {
					there[strings.TrimSpace(gone)]--
				}
			}
		}
	}
	for _, s := range c.list(t, vm) {
		there[s.Name]--
		if s.State != "ok" && s.State != "imported" {
			t.Errorf("%s of %s is %s", s.Name, vm, s.State)
		}
	}
	for name, more := range there {
		if more != 0 {
			t.Errorf("%s of %s: %d more was made than there is", name, vm, more)
		}
	}
}

// lastWord holds the snapshot that stays against what was said of it: what it
// says is what somebody was told to be done, and nobody after that.
func (c *crowd) lastWord(t *testing.T, vm string) {
	t.Helper()
	at := slices.IndexFunc(c.list(t, vm), func(s listed) bool { return s.Name == kept })
	if at < 0 {
		t.Fatalf("%s of %s is gone", kept, vm)
	}
	now := c.list(t, vm)[at]
	text := func(d told) string { return d.words[3] }
	c.isLast(t, vm, "describe", now.Description, "", text)
	c.isLast(t, vm, "pin", fmt.Sprint(now.Pinned), "false", func(d told) string { return fmt.Sprint(len(d.words) == 3) })
}

// isLast tells whether the value that is there can be that of the last command.
func (c *crowd) isLast(t *testing.T, vm, command, now, first string, value func(told) string) {
	t.Helper()
	said := slices.DeleteFunc(slices.Clone(c.told), func(d told) bool {
		return d.vm != vm || d.exit != 0 || len(d.words) < 3 || d.words[1] != command || d.words[2] != kept
	})
	possible := len(said) == 0 && now == first
	for _, d := range said {
		later := func(other told) bool { return other.from > d.until }
		possible = possible || value(d) == now && !slices.ContainsFunc(said, later)
	}
	if !possible {
		t.Errorf("%s of %s: it is %q, which is not what was said last: %+v", command, vm, now, said)
	}
}

// agrees holds the rows against the files.
func (c *crowd) agrees(t *testing.T, vm string) {
	t.Helper()
	dir := ondisk.Home(c.home).VM(vm)
	b, err := os.ReadFile(dir.Rows())
	if err != nil {
		t.Fatal(err)
	}
	var rows struct{ Snapshots []listed }
	if err := json.Unmarshal(b, &rows); err != nil {
		t.Fatal(err)
	}
	var inRows, inFolder []string
	for _, row := range rows.Snapshots {
		inRows = append(inRows, ondisk.SnapshotFile(dir.Snapshots(), row.Name))
	}
	if inFolder, err = filepath.Glob(ondisk.SnapshotFile(dir.Snapshots(), "*")); err != nil {
		t.Fatal(err)
	}
	slices.Sort(inRows)
	slices.Sort(inFolder)
	if !slices.Equal(inRows, inFolder) {
		t.Errorf("the rows of %s are of %q, the files are %q", vm, inRows, inFolder)
	}
}

// known holds every disk, and what another gzip makes of every snapshot, against
// what the same VM had at first.
func (c *crowd) known(t *testing.T, was world) {
	t.Helper()
	now, err := start(t, "").look(c.home)
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
				t.Errorf("%s is %s, which was never there", key, value)
			}
			if key == "vm "+vm+" notes" {
				t.Errorf("%s: %s", key, value)
			}
		}
	}
}

// tally is how often each command was done, of how many times.
func (c *crowd) tally() string {
	done, tried := map[string]int{}, map[string]int{}
	for _, d := range c.told {
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

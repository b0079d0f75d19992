package torture

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"vmterminal/app/ondisk"
	"vmterminal/app/torture/calls"
	"vmterminal/app/torture/usecase"
)

// A bench is where a trial is done again and again, each time from the same
// store on.
type bench struct {
	history // of the trial: before it, and after it
	trial   trial
	ground  *ground
	dir     string
	home    string   // the store, as it is now
	first   string   // the store as it is at first
	next    *subject // who looks at it, and works on
	rng     *rand.Rand
	calls   []calls.Call  // that the trial makes, undisturbed
	took    time.Duration // to do it, undisturbed
}

// newBench makes the store of a trial, and learns how it is before and after it.
func newBench(t *testing.T, tr trial) *bench {
	t.Helper()
	dir := lab(t)
	canTrace(t)
	buildCommand(t)
	b := &bench{trial: tr, dir: dir, home: filepath.Join(dir, "home"), next: start(t, ""), rng: random(t)}
	var err error
	if b.ground, err = abroad(b.next); err == nil {
		b.first, err = b.store()
	}
	if err == nil {
		err = b.learn()
	}
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// canTrace skips a test where one process may not trace another.
func canTrace(t *testing.T) {
	t.Helper()
	_, err := calls.Run(calls.Program{Args: []string{"/bin/true"}, Out: os.Stderr, Err: os.Stderr, Dir: "/nowhere"},
		func(int, calls.Call) calls.Decision { return calls.Decision{} })
	if err == nil {
		return
	}
	if os.Getenv("CI") == "true" {
		t.Fatal("no process can be traced here: ", err)
	}
	t.Skip("no process can be traced here: ", err)
}

// learn does the trial undisturbed.
func (b *bench) learn() error {
	b.deeds = [][]string{b.trial.deed}
	b.but = []string{usecase.Identity, usecase.Verified}
	if err := b.again(); err != nil {
		return err
	}
	before, err := b.next.look(b.home)
	if err != nil {
		return err
	}
	began := time.Now()
	e, err := b.do(0)
	if err != nil || e.exit != 0 {
		return fmt.Errorf("undisturbed: %w, exit code %d: %s", err, e.exit, e.err)
	}
	b.took = time.Since(began)
	after, err := b.next.look(b.home)
	if err != nil {
		return err
	}
	b.worlds = []world{before, after}
	if err := b.again(); err != nil {
		return err
	}
	_, err = b.doDeciding(func(_ int, c calls.Call) calls.Decision {
		b.calls = append(b.calls, c)
		return calls.Decision{}
	})
	return err
}

// sample returns the numbers of calls to disturb: in make torture all, and a few
// more than there should be; else some, half of them of calls that change
// something.
func (b *bench) sample(all []calls.Call, some int) []int {
	var numbers, changing []int
	for at, c := range all {
		numbers = append(numbers, at+1)
		if c.Creates || slices.Contains(changes, c.Name) {
			changing = append(changing, at+1)
		}
	}
	if thorough {
		return append(numbers, len(all)+1, len(all)+2, len(all)+3)
	}
	var out []int
	for at := range some {
		from := numbers
		if at%2 == 0 && len(changing) > 0 {
			from = changing
		}
		out = append(out, from[b.rng.IntN(len(from))])
	}
	return out
}

// changes are the calls that may change what is on the disk.
var changes = []string{
	"write", "pwrite64", "copy_file_range", "sendfile", "splice", "ftruncate", "fallocate", "fsync", "ioctl",
	"renameat", "renameat2", "linkat", "symlinkat", "unlinkat", "mkdirat", "exit_group",
}

// again puts the store back as it is at first.
func (b *bench) again() error {
	if err := os.RemoveAll(b.home); err != nil {
		return err
	}
	if out, err := exec.Command("cp", "-a", "--sparse=always", b.first, b.home).CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	return b.remark()
}

// remark has the marks of where a disk comes from mean the copy of the disk that
// they mean, and not the inode of the first one.
func (b *bench) remark() error {
	marks, err := filepath.Glob(filepath.Join(ondisk.Home(b.home).Data(), "*", filepath.Base(ondisk.VMDir("").Origin())))
	for _, path := range marks {
		var text []byte
		if text, err = os.ReadFile(path); err != nil {
			return err
		}
		var origin map[string]any
		if err = json.Unmarshal(text, &origin); err != nil {
			return err
		}
		var st os.FileInfo
		if st, err = os.Stat(ondisk.VMDir(filepath.Dir(path)).Disk()); err != nil {
			return err
		}
		origin["file"] = st.Sys().(*syscall.Stat_t).Ino
		if err = ondisk.ReplaceJSON(path, origin); err != nil {
			return err
		}
	}
	return err
}

// others says which snapshot that the trial has nothing to do with has changed,
// by as much as one byte.
func (b *bench) others(w world) string {
	for key, was := range b.worlds[0] {
		if strings.Contains(key, usecase.BytesOf) && b.worlds[1][key] == was && w[key] != was {
			return fmt.Sprintf("another snapshot has changed: %s is %q and was %q", key, w[key], was)
		}
	}
	return ""
}

// judge looks at the store after the trial was disturbed; acknowledged says
// whether it was said to be done. If it was not done, it is done now; and then
// others go on working. It returns what is wrong, "" if nothing is.
func (b *bench) judge(acknowledged bool) string {
	w, err := b.next.look(b.home)
	if err != nil {
		return "looking: " + err.Error()
	}
	if wrong := b.others(w); wrong != "" {
		return wrong
	}
	done := 0
	if acknowledged {
		done = 1
	}
	if wrong := b.differs(w, done, 1, usecase.BytesOf); wrong != "" {
		return wrong
	}
	if done == 0 && b.differs(w, 0, 0, usecase.BytesOf) == "" {
		if wrong := b.retry(); wrong != "" {
			return "once more: " + wrong
		}
	}
	return b.goOn()
}

// retry does what was not done once more, which must work at once.
func (b *bench) retry() string {
	if err := b.next.do(b.home, b.ground.words(b.trial.deed)...); err != nil {
		return err.Error()
	}
	w, err := b.next.look(b.home)
	if err != nil {
		return err.Error()
	}
	return b.differs(w, 1, 1, usecase.BytesOf)
}

func (b *bench) goOn() string {
	next := [][]string{{"create", "next"}, {"delete", "next"}}
	switch {
	case b.trial.fresh || b.trial.vms():
		next = [][]string{{"vm-create", "next"}, {"vm-erase", "next"}}
	case b.trial.images():
		next = [][]string{{"image-remove", "base"}, {"image-import", b.ground.system, "base"}}
		if b.trial.deed[0] == "image-remove" {
			slices.Reverse(next)
		}
	}
	for _, words := range next {
		if err := b.next.do(b.home, words...); err != nil {
			return "the next use cases: " + err.Error()
		}
	}
	if left := leftIn(b.home); len(left) > 0 {
		return fmt.Sprintf("left are %q", left)
	}
	return ""
}

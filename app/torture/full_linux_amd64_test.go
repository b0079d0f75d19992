package torture

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"vmterminal/app/problem"
)

// freePages returns the numbers of free pages to try.
func (b *bench) freePages() []int64 {
	choices := []int64{0, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 64, 128, 256, 1024}
	if thorough {
		return choices
	}
	return []int64{0, choices[1+b.rng.IntN(len(choices)-1)]}
}

// runOnFullDisks runs the trial on full and nearly full disks. It returns how often the command
// failed.
func (b *bench) runOnFullDisks(t *testing.T, report func(string)) (refused int) {
	t.Helper()
	for _, pages := range b.freePages() {
		e, wrong := b.runWithFreePages(t, pages)
		if wrong != "" {
			report(fmt.Sprintf("%d pages free: exit code %d\n  %s\n  stderr: %s", pages, e.exit, wrong, e.err))
		}
		if e.exit != 0 {
			refused++
		}
	}
	return refused
}

// runWithFreePages runs the trial on a file system with this many free pages. It returns the
// command's result and a problem, or "".
func (b *bench) runWithFreePages(t *testing.T, pages int64) (commandResult, string) {
	t.Helper()
	const size = 16 << 20
	mnt := filepath.Join(b.dir, "small")
	if err := os.MkdirAll(mnt, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("tmpfs", mnt, "tmpfs", 0, fmt.Sprint("size=", size)); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = unix.Unmount(mnt, unix.MNT_DETACH) }()
	defer func(home string) { b.home = home }(b.home)
	b.home = homePath(mnt)
	if err := b.resetStore(); err != nil {
		t.Fatal(err)
	}
	filler := filepath.Join(mnt, "filler")
	if err := fill(filler, pages); err != nil {
		t.Fatal(err)
	}
	e, err := b.runCommand(0)
	if err != nil {
		t.Fatal(err)
	}
	i := &injection{fault: fault{exits: []int{problem.ExitNoSpace}}}
	if wrong := b.checkMessage(e, i); wrong != "" {
		return e, wrong
	}
	if b.trial.freesSpace() && e.exit != 0 {
		return e, "the command must work on a full disk"
	}
	left := leftoversIn(b.home)
	w, err := b.checker.inspect(b.home)
	if err != nil {
		return e, "inspecting the store: " + err.Error()
	}
	after := 0
	if e.exit == 0 {
		after = 1
	}
	should := b.worlds[after]
	if after == 1 {
		should = b.expectUnacknowledged(w, after) // there may have been no room to write the rows
	}
	if wrong := diffWorlds(withoutKeys(w, b.uncheckedKeys()), withoutKeys(should, b.uncheckedKeys())); wrong != "" {
		return e, "differs from the state after " + b.stepName(after) + ":\n    " + wrong
	}
	if len(left) > 0 && e.exit != 0 {
		return e, fmt.Sprintf("got leftovers %q, want none", left)
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	if e.exit != 0 {
		if wrong := b.retryUseCase(); wrong != "" {
			return e, "repeating the use case with free space: " + wrong
		}
	}
	return e, b.runNext()
}

// fill writes a file so that this many pages remain free.
func fill(path string, pages int64) error {
	var st unix.Statfs_t
	if err := unix.Statfs(filepath.Dir(path), &st); err != nil {
		return err
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = f.WriteString(strings.Repeat("x", int((int64(st.Bfree)-pages)*st.Bsize)))
	return err
}

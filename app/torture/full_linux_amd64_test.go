package torture

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"vmterminal/app"
)

// rooms are how many pages are left free on disks that are full, or nearly.
func (b *bench) rooms() []int64 {
	rooms := []int64{0, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 64, 128, 256, 1024}
	if thorough {
		return rooms
	}
	return []int64{0, rooms[1+b.rng.IntN(len(rooms)-1)]}
}

// fillUp does the trial on disks that are truly full, or nearly.
func (b *bench) fillUp(t *testing.T, report func(string)) (refused int) {
	t.Helper()
	for _, pages := range b.rooms() {
		e, wrong := b.onFullDisk(t, pages)
		if wrong != "" {
			report(fmt.Sprintf("%d pages free: exit code %d\n  %s\n  said: %s", pages, e.exit, wrong, e.err))
		}
		if e.exit != 0 {
			refused++
		}
	}
	return refused
}

// onFullDisk does the trial on a file system with so many pages free.
func (b *bench) onFullDisk(t *testing.T, pages int64) (ending, string) {
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
	b.home = homeIn(mnt)
	if err := b.again(); err != nil {
		t.Fatal(err)
	}
	filler := filepath.Join(mnt, "filler")
	if err := fill(filler, pages); err != nil {
		t.Fatal(err)
	}
	e, err := b.do(0)
	if err != nil {
		t.Fatal(err)
	}
	i := &injection{fault: fault{exits: []int{app.ExitNoSpace}}}
	if wrong := b.told(e, i); wrong != "" {
		return e, wrong
	}
	if b.trial.makesRoom() && e.exit != 0 {
		return e, "it should have made room"
	}
	left := leftIn(b.home)
	w, err := b.next.look(b.home)
	if err != nil {
		return e, "looking: " + err.Error()
	}
	after := 0
	if e.exit == 0 {
		after = 1
	}
	should := b.worlds[after]
	if after == 1 {
		should = b.unacknowledged(w, after) // what only the list says may have found no room
	}
	if wrong := difference(without(w, b.loose()), without(should, b.loose())); wrong != "" {
		return e, "it is not as after " + b.name(after) + ":\n    " + wrong
	}
	if len(left) > 0 && e.exit != 0 {
		return e, fmt.Sprintf("left are %q", left)
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	if e.exit != 0 {
		if wrong := b.retry(); wrong != "" {
			return e, "once more, with room: " + wrong
		}
	}
	return e, b.goOn()
}

// fill writes a file so that this many pages are left free.
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

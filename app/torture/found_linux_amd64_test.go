package torture

import (
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"vmterminal/app/torture/calls"
	"vmterminal/app/torture/usecase"
)

const done = "It is done, but a power cut might undo it."

// TestFaultsFound has those calls fail of which the wrong was told once, or which
// left a mixture.
func TestFaultsFound(t *testing.T) {
	for name, c := range map[string]struct {
		deed  string
		call  string // its name, and how its path ends
		n     int
		errno unix.Errno
		ever  bool
		exit  int
		says  string
	}{
		"list of VMs not durable, created":  {"vm-create new", "fsync /home", 1, unix.EIO, false, 1, done},
		"list of VMs not durable, deleted":  {"vm-erase dev", "fsync /home", 1, unix.EIO, false, 1, done},
		"active VM not durable":             {"vm-use other", "fsync /home", 1, unix.EIO, false, 1, done},
		"new VM not renamed":                {"vm-create new", "renameat /data/new", 1, unix.EIO, false, 1, "Nothing was created."},
		"new VM not renamed, list stays":    {"vm-create new", "renameat ", 3, unix.EIO, true, 1, done},
		"disk of the clone not durable":     {"clone a copy", "fsync /.disk.raw", 1, unix.EIO, false, 1, "Nothing was created."},
		"folder of the clone not durable":   {"clone a copy", "fsync /.new", 3, unix.EIO, false, 1, "Nothing was created."},
		"snapshot not durable":              {"create c", "fsync /snapshots", 1, unix.EIO, false, 1, "no snapshot was added"},
		"header not durable":                {"describe b short", "fsync /b.raw.gz", 1, unix.EIO, false, 1, done},
		"header not durable, no space":      {"describe b short", "fsync /b.raw.gz", 1, unix.ENOSPC, false, 6, done},
		"header not written":                {"describe b short", "pwrite64 /b.raw.gz", 1, unix.ENOSPC, false, 6, "Nothing was changed."},
		"header beside not durable":         {"describe b short", "fsync /snapshots", 1, unix.EIO, false, 1, "Nothing was changed."},
		"row of a renamed one not durable":  {"rename b b2", "fsync /data/dev", 1, unix.EIO, false, 1, "Nothing was changed."},
		"new name not durable":              {"rename b b2", "fsync /snapshots", 1, unix.EIO, true, 1, done},
		"mark of a deleted one not durable": {"delete b", "fsync /data/dev", 1, unix.EIO, false, 1, "No snapshot was deleted."},
		"deleted, not durable":              {"delete b", "fsync /snapshots", 1, unix.EIO, false, 1, done},
		"deleted, no space for rows":        {"delete b", "openat .tmp", 1, unix.ENOSPC, true, 0, ""},
		"discarded, not durable":            {"discard", "fsync /data/dev", 1, unix.EIO, false, 1, done},
		"exported, not durable":             {"export b", "fsync /home", 1, unix.EIO, false, 1, done},
		"image's row not written":           {"image-import %SYSTEM% base", "write /.image.json", 1, unix.EIO, false, 1, "Nothing was added."},
		"whether there is an image":         {"image-import %SYSTEM% base", "openat /image.json", 1, unix.EIO, false, 1, "input/output error"},
		"packed image cannot be read":       {"image-import %SYSTEM% base", "pread64 /download.part", 1, unix.EIO, false, 1, "input/output error"},
		"disk cannot be looked at":          {"create c", "newfstatat /disk.raw", 1, unix.EIO, false, 1, "input/output error"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, trial{deed: strings.Fields(c.deed)})
			call, end, _ := strings.Cut(c.call, " ")
			i := &injection{n: c.n, ever: c.ever, fault: fault{
				name: c.errno.Error(), errno: c.errno, exits: []int{c.exit},
				hits: func(made calls.Call) bool {
					path := strings.TrimSuffix(made.Path, "-") // a temporary name goes on after that
					return made.Name == call && (strings.HasSuffix(path, end) || strings.Contains(path, end+"-"))
				},
			}}
			if err := b.again(); err != nil {
				t.Fatal(err)
			}
			e, err := b.doDeciding(i.decide())
			if err != nil || !i.hit {
				t.Fatal("not hit: ", err)
			}
			if wrong := b.suffered(e, i); wrong != "" {
				t.Error(wrong)
			}
			if e.exit != c.exit || !strings.Contains(e.err, c.says) {
				t.Errorf("exit code %d: %s", e.exit, e.err)
			}
		})
	}
}

// TestSweepsUnderLock has unfinished files of a job and of a new VM lie there while
// their locks are held, which nobody may sweep; and then while they are not.
func TestSweepsUnderLock(t *testing.T) {
	b := newBench(t, trial{deed: []string{"create", "c"}})
	if err := b.again(); err != nil {
		t.Fatal(err)
	}
	unfinished(t, b.home, usecase.VM, func(left func() int) {
		for _, words := range [][]string{{"vm-create", "next"}, {"verify", "a"}, {"vm-use", "other"}, {"export", "a"}} {
			if err := b.next.do(b.home, words...); err != nil {
				t.Error(err)
			}
		}
		for _, words := range [][]string{{"create", "c"}, {"delete", "b"}, {"restore", "a"}, {"undo"}, {"vm-erase", usecase.VM}} {
			if err := b.next.do(b.home, words...); err == nil || !strings.Contains(err.Error(), "busy") {
				t.Errorf("%v while another works: %v", words, err)
			}
		}
		if n := left(); n != 4 {
			t.Errorf("%d of 4 unfinished files are left while their locks are held", n)
		}
	})
	for _, words := range [][]string{{"create", "c"}, {"vm-create", "more"}} {
		if err := b.next.do(b.home, words...); err != nil {
			t.Error(err)
		}
	}
	if left := leftIn(b.home); len(left) > 0 {
		t.Errorf("left are %q", left)
	}
}

package torture

import (
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"vmterminal/app/torture/calls"
	"vmterminal/app/torture/usecase"
)

const done = "The operation is complete, but a power failure may undo it."

// TestFaultRegressions repeats faults that once caused a wrong report or a partial change.
func TestFaultRegressions(t *testing.T) {
	for name, c := range map[string]struct {
		step       string
		call       string // its name and the end of its path
		n          int
		errno      unix.Errno
		persistent bool
		exit       int
		says       string
	}{
		"list of VMs not durable, created":    {"vm-create new", "fsync /home", 2, unix.EIO, false, 1, done},
		"list of VMs not durable, deleted":    {"vm-purge dev", "fsync /home", 1, unix.EIO, false, 1, done},
		"active VM not durable":               {"vm-use other", "fsync /home", 1, unix.EIO, false, 1, done},
		"new VM not renamed":                  {"vm-create new", "renameat /data/new", 1, unix.EIO, false, 1, "Nothing was created."},
		"new VM not renamed, list stays":      {"vm-create new", "renameat ", 3, unix.EIO, true, 1, done},
		"disk of the clone not durable":       {"clone a copy", "fsync /.disk.raw", 1, unix.EIO, false, 1, "Nothing was created."},
		"folder of the clone not durable":     {"clone a copy", "fsync /.new", 3, unix.EIO, false, 1, "Nothing was created."},
		"snapshot not durable":                {"create c", "fsync /snapshots", 1, unix.EIO, false, 1, "No snapshot was added"},
		"header not durable":                  {"describe b short", "fsync /b.raw.gz", 1, unix.EIO, false, 1, done},
		"header not durable, no space":        {"describe b short", "fsync /b.raw.gz", 1, unix.ENOSPC, false, 6, done},
		"header not written":                  {"describe b short", "pwrite64 /b.raw.gz", 1, unix.ENOSPC, false, 6, "Nothing was changed."},
		"external header not durable":         {"describe b short", "fsync /snapshots", 1, unix.EIO, false, 1, "Nothing was changed."},
		"row of renamed snapshot not durable": {"rename b b2", "fsync /data/dev", 1, unix.EIO, false, 1, "Nothing was changed."},
		"new name not durable":                {"rename b b2", "fsync /snapshots", 1, unix.EIO, true, 1, done},
		"row of deleted snapshot not durable": {"delete b", "fsync /data/dev", 1, unix.EIO, false, 1, "No snapshot was deleted."},
		"deleted, not durable":                {"delete b", "fsync /snapshots", 1, unix.EIO, false, 1, done},
		"deleted, no space for rows":          {"delete b", "openat .tmp", 1, unix.ENOSPC, true, 0, ""},
		"discarded, not durable":              {"discard", "fsync /data/dev", 1, unix.EIO, false, 1, done},
		"exported, not durable":               {"export b", "fsync /home", 1, unix.EIO, false, 1, done},
		"image's row not written":             {"image-import %SYSTEM% base", "write /.image.json", 1, unix.EIO, false, 1, "Nothing was added."},
		"image row cannot be opened":          {"image-import %SYSTEM% base", "openat /image.json", 1, unix.EIO, false, 1, "input/output error"},
		"compressed image cannot be read":     {"image-import %SYSTEM% base", "pread64 /download.part", 1, unix.EIO, false, 1, "input/output error"},
		"disk stat fails":                     {"create c", "newfstatat /disk.raw", 1, unix.EIO, false, 1, "input/output error"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, trial{step: strings.Fields(c.step)})
			call, end, _ := strings.Cut(c.call, " ")
			i := &injection{n: c.n, persistent: c.persistent, fault: fault{
				name: c.errno.Error(), errno: c.errno, exits: []int{c.exit},
				matches: func(made calls.Call) bool {
					path := strings.TrimSuffix(made.Path, "-") // temporary names have a suffix
					return made.Name == call && (strings.HasSuffix(path, end) || strings.Contains(path, end+"-"))
				},
			}}
			if err := b.resetStore(); err != nil {
				t.Fatal(err)
			}
			e, err := b.runTraced(i.decide())
			if err != nil || !i.hit {
				t.Fatalf("the call was not made (%v)", err)
			}
			if wrong := b.checkAfterFault(e, i); wrong != "" {
				t.Error(wrong)
			}
			if e.exit != c.exit || !strings.Contains(e.err, c.says) {
				t.Errorf("got exit code %d, want %d and %q: %s", e.exit, c.exit, c.says, e.err)
			}
		})
	}
}

// TestLockedFilesAreNotSwept creates unfinished files of a job and of a new VM. Nothing may remove them
// while their locks are held; afterwards they must be removed.
func TestLockedFilesAreNotSwept(t *testing.T) {
	b := newBench(t, trial{step: []string{"create", "c"}})
	if err := b.resetStore(); err != nil {
		t.Fatal(err)
	}
	withUnfinishedFiles(t, b.home, usecase.VM, func(left func() int) {
		for _, words := range [][]string{{"vm-create", "next"}, {"verify", "a"}, {"vm-use", "other"}, {"export", "a"}} {
			if err := b.checker.run(b.home, words...); err != nil {
				t.Error(err)
			}
		}
		for _, words := range [][]string{{"create", "c"}, {"delete", "b"}, {"restore", "a"}, {"undo"}, {"vm-purge", usecase.VM}} {
			if err := b.checker.run(b.home, words...); err == nil || !strings.Contains(err.Error(), "busy") {
				t.Errorf("%v while the VM is locked: got %v, want a busy error", words, err)
			}
		}
		if n := left(); n != 4 {
			t.Errorf("got %d unfinished files while their locks are held, want 4", n)
		}
	})
	for _, words := range [][]string{{"create", "c"}, {"vm-create", "more"}} {
		if err := b.checker.run(b.home, words...); err != nil {
			t.Error(err)
		}
	}
	if left := leftoversIn(b.home); len(left) > 0 {
		t.Errorf("got leftovers %q, want none", left)
	}
}

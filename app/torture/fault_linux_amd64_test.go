package torture

import (
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"vmterminal/app"
	"vmterminal/app/torture/calls"
	"vmterminal/app/torture/usecase"
)

// A fault is an error that calls come back with, and the calls that can do so.
type fault struct {
	name  string
	errno unix.Errno
	hits  func(calls.Call) bool
	exits []int
}

// needsRoom are the calls that may find a disk full.
var needsRoom = []string{
	"write", "pwrite64", "writev", "copy_file_range", "sendfile", "splice", "ioctl", "ftruncate", "fallocate", "fsync", "fdatasync",
	"renameat", "renameat2", "linkat", "symlinkat", "mkdirat", "fsetxattr",
}

var faults = []fault{
	{
		"no space", unix.ENOSPC,
		func(c calls.Call) bool {
			return c.Path != calls.Stdout && (slices.Contains(needsRoom, c.Name) || c.Creates)
		},
		[]int{app.ExitNoSpace},
	},
	{
		"input/output error", unix.EIO,
		func(c calls.Call) bool { return c.Path != calls.Stdout && c.Name != "exit_group" },
		[]int{app.ExitFailure},
	},
}

// An injection is a fault at the n-th call that it can hit: once, or for ever
// from then on.
type injection struct {
	fault
	n    int
	ever bool
	// at is the first call that was hit.
	at  calls.Call
	hit bool
}

func (i *injection) String() string {
	often := "once"
	if i.ever {
		often = "from then on"
	}
	return fmt.Sprintf("%s %s, at call %d, %v", i.name, often, i.n, i.at)
}

// decide is for calls.Run.
func (i *injection) decide() func(int, calls.Call) calls.Decision {
	seen := 0
	return func(_ int, c calls.Call) calls.Decision {
		if !i.hits(c) {
			return calls.Decision{}
		}
		seen++
		if seen < i.n || seen > i.n && !i.ever {
			return calls.Decision{}
		}
		if !i.hit {
			i.hit, i.at = true, c
		}
		return calls.Decision{Fail: i.errno}
	}
}

// inject does the trial with a fault. It returns what is wrong.
func (b *bench) inject(i *injection) (string, error) {
	if err := b.again(); err != nil {
		return "", err
	}
	e, err := b.doDeciding(i.decide())
	if err != nil {
		return "", fmt.Errorf("%v: %w", i, err)
	}
	if !i.hit {
		return "", nil
	}
	if wrong := b.suffered(e, i); wrong != "" {
		return fmt.Sprintf("%v: exit code %d\n  %s\n  said: %s", i, e.exit, wrong, e.err), nil
	}
	return "", nil
}

// suffered judges what a fault has done.
func (b *bench) suffered(e ending, i *injection) string {
	if wrong := b.told(e, i); wrong != "" {
		return wrong
	}
	left := leftIn(b.home)
	w, err := b.next.look(b.home)
	if err != nil {
		return "looking: " + err.Error()
	}
	if wrong := b.others(w); wrong != "" {
		return wrong
	}
	b.forgive(w)
	unchanged := difference(w, b.worlds[0]) == ""
	done := difference(without(w, b.loose()), without(b.unacknowledged(w, 1), b.loose())) == ""
	claims := strings.Contains(e.err, "othing was ") || strings.Contains(e.err, "unchanged") || strings.Contains(e.err, "No snapshot was")
	switch {
	case e.exit == 0 && unchanged && strings.Contains(e.err, "0 deleted"):
		return "" // what cannot be read is not pruned
	case e.exit == 0 && !done:
		return "done, it said, but " + b.differs(w, 1, 1, usecase.BytesOf)
	case e.exit != 0 && !unchanged && !done:
		return "neither as before nor done: " + b.differs(w, 0, 1, "")
	case e.exit != 0 && !unchanged && claims:
		return "it is done, but that is not what it said"
	case e.exit != 0 && unchanged && len(left) > 0 && !i.ever && i.at.Name != "unlinkat":
		return fmt.Sprintf("left are %q", left)
	}
	if unchanged && len(left) == 0 {
		return "" // as if nothing had been
	}
	if unchanged && !done {
		if wrong := b.retry(); wrong != "" {
			return "once more: " + wrong
		}
	}
	return b.goOn()
}

// forgive takes from w the one trace that is allowed: a row whose file was deleted
// where there was no room to write rows.
func (b *bench) forgive(w world) {
	if !b.trial.makesRoom() {
		return
	}
	for key, state := range w {
		if is, ok := strings.CutSuffix(key, usecase.State); ok && state == "missing" {
			for _, key := range []string{is, key, is + usecase.Identity, is + usecase.Here, is + usecase.Verified} {
				delete(w, key)
			}
		}
	}
}

func (b *bench) loose() []string { return append(slices.Clone(b.but), usecase.BytesOf) }

// told looks at how a command told of a fault.
func (b *bench) told(e ending, i *injection) string {
	if e.killed {
		return "it was killed"
	}
	if e.exit == 0 {
		return ""
	}
	lines := strings.Split(strings.TrimSuffix(e.err, "\n"), "\n")
	said := 0
	for _, line := range lines {
		if strings.HasPrefix(line, "vmterminal: ") {
			said++
		}
	}
	switch {
	case said != 1 || !strings.HasPrefix(lines[len(lines)-1], "vmterminal: "):
		return "the error is not told in one line"
	case !slices.Contains(i.exits, e.exit):
		return fmt.Sprintf("the exit code should be one of %v", i.exits)
	}
	return ""
}

// fail has the system calls of the command fail: each, once, and from each on for
// ever. It returns how many faults have hit.
func (b *bench) fail(report func(string)) (hits int, err error) {
	for _, f := range faults {
		var may []calls.Call
		for _, c := range b.calls {
			if f.hits(c) {
				may = append(may, c)
			}
		}
		for _, ever := range []bool{false, true} {
			for _, n := range b.sample(may, 1) {
				i := &injection{fault: f, n: n, ever: ever}
				wrong, err := b.inject(i)
				if err != nil {
					return hits, err
				}
				if wrong != "" {
					report(wrong)
				}
				if i.hit {
					hits++
				}
			}
		}
	}
	return hits, nil
}

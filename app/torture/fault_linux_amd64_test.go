package torture

import (
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"vmterminal/app/problem"
	"vmterminal/app/torture/calls"
	"vmterminal/app/torture/usecase"
)

// A fault is an error, and the calls that can return it.
type fault struct {
	name    string
	errno   unix.Errno
	matches func(calls.Call) bool
	exits   []int
}

// needsRoom are the calls that may fail with ENOSPC.
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
		[]int{problem.ExitNoSpace},
	},
	{
		"input/output error", unix.EIO,
		func(c calls.Call) bool { return c.Path != calls.Stdout && c.Name != "exit_group" },
		[]int{problem.ExitFailure},
	},
}

// An injection is a fault at the n-th matching call: once, or from then on.
type injection struct {
	fault
	n          int
	persistent bool
	// at is the first call that failed.
	at  calls.Call
	hit bool
}

func (i *injection) String() string {
	often := "once"
	if i.persistent {
		often = "from then on"
	}
	return fmt.Sprintf("%s %s, at call %d, %v", i.name, often, i.n, i.at)
}

// decide returns the function for calls.Run that makes calls fail.
func (i *injection) decide() func(int, calls.Call) calls.Decision {
	seen := 0
	return func(_ int, c calls.Call) calls.Decision {
		if !i.matches(c) {
			return calls.Decision{}
		}
		seen++
		if seen < i.n || seen > i.n && !i.persistent {
			return calls.Decision{}
		}
		if !i.hit {
			i.hit, i.at = true, c
		}
		return calls.Decision{Fail: i.errno}
	}
}

// inject runs the trial with a fault. It returns a problem, or "".
func (b *bench) inject(i *injection) (string, error) {
	if err := b.resetStore(); err != nil {
		return "", err
	}
	e, err := b.runTraced(i.decide())
	if err != nil {
		return "", fmt.Errorf("%v: %w", i, err)
	}
	if !i.hit {
		return "", nil
	}
	if wrong := b.checkAfterFault(e, i); wrong != "" {
		return fmt.Sprintf("%v: exit code %d\n  %s\n  stderr: %s", i, e.exit, wrong, e.err), nil
	}
	return "", nil
}

// checkAfterFault checks the command's report and the store after a fault.
func (b *bench) checkAfterFault(e commandResult, i *injection) string {
	if wrong := b.checkMessage(e, i); wrong != "" {
		return wrong
	}
	left := leftoversIn(b.home)
	w, err := b.checker.inspect(b.home)
	if err != nil {
		return "inspecting the store: " + err.Error()
	}
	if wrong := b.checkOthers(w); wrong != "" {
		return wrong
	}
	b.dropAllowedRows(w)
	unchanged := diffWorlds(w, b.worlds[0]) == ""
	done := diffWorlds(withoutKeys(w, b.uncheckedKeys()), withoutKeys(b.expectUnacknowledged(w, 1), b.uncheckedKeys())) == ""
	claims := strings.Contains(e.err, "othing was ") || strings.Contains(e.err, "unchanged") || strings.Contains(e.err, "No snapshot was")
	switch {
	case e.exit == 0 && unchanged && strings.Contains(e.err, "0 deleted"):
		return "" // snapshots that cannot be read are not pruned
	case e.exit == 0 && !done:
		return "reported success, but " + b.compare(w, 1, 1, usecase.BytesOf)
	case e.exit != 0 && !unchanged && !done:
		return "neither unchanged nor complete: " + b.compare(w, 0, 1, "")
	case e.exit != 0 && !unchanged && claims:
		return "complete, but reported as unchanged"
	case e.exit != 0 && unchanged && len(left) > 0 && !i.persistent && i.at.Name != "unlinkat":
		return fmt.Sprintf("got leftovers %q, want none", left)
	}
	if unchanged && len(left) == 0 {
		return "" // as before the use case
	}
	if unchanged && !done {
		if wrong := b.retryUseCase(); wrong != "" {
			return "repeating the use case: " + wrong
		}
	}
	return b.runNext()
}

// dropAllowedRows removes from w the only permitted leftover: the row of a deleted snapshot, if
// there was not enough space to write the rows.
func (b *bench) dropAllowedRows(w world) {
	if !b.trial.freesSpace() {
		return
	}
	for key, state := range w {
		if is, ok := strings.CutSuffix(key, usecase.State); ok && state == "missing" {
			for _, key := range []string{is, key, is + usecase.Identity, is + usecase.Current, is + usecase.Verified} {
				delete(w, key)
			}
		}
	}
}

func (b *bench) uncheckedKeys() []string { return append(slices.Clone(b.ignored), usecase.BytesOf) }

// checkMessage checks how a command reported a fault.
func (b *bench) checkMessage(e commandResult, i *injection) string {
	if e.killed {
		return "the command was killed"
	}
	if e.exit == 0 {
		return ""
	}
	lines := strings.Split(strings.TrimSuffix(e.err, "\n"), "\n")
	errorLines := 0
	for _, line := range lines {
		if strings.HasPrefix(line, "vmterminal: ") {
			errorLines++
		}
	}
	switch {
	case errorLines != 1 || !strings.HasPrefix(lines[len(lines)-1], "vmterminal: "):
		return "the error is not reported in exactly one line"
	case !slices.Contains(i.exits, e.exit):
		return fmt.Sprintf("got exit code %d, want one of %v", e.exit, i.exits)
	}
	return ""
}

// injectFaults makes each system call of the command fail, or each of a sample: once, and from
// then on. It returns the number of faults.
func (b *bench) injectFaults(report func(string)) (hits int, err error) {
	for _, f := range faults {
		var may []calls.Call
		for _, c := range b.calls {
			if f.matches(c) {
				may = append(may, c)
			}
		}
		for _, persistent := range []bool{false, true} {
			for _, n := range b.sampleCalls(may, 1) {
				i := &injection{fault: f, n: n, persistent: persistent}
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

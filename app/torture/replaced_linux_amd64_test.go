package torture

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"vmterminal/app/torture/calls"
	"vmterminal/app/torture/usecase"
	"vmterminal/snapshot/durable/guard"
	"vmterminal/vm/home"
)

// A blockedUndo is a use case that replaces the disk while the previous disk cannot become the undo
// disk.
type blockedUndo struct {
	name string
	step []string
	// during decides about calls of the use case; after decides about calls of later use cases.
	during, after func(c calls.Call) calls.Decision
	moved         bool // the disk is moved away after the use case
}

var blockedUndos = []blockedUndo{
	{"no permission", []string{"restore", "a"}, failUndo(unix.EPERM), failUndo(unix.EPERM), false},
	{"no space", []string{"restore", "a"}, failUndo(unix.ENOSPC), failUndo(unix.ENOSPC), false},
	{"input/output error", []string{"restore", "a"}, failUndo(unix.EIO), failUndo(unix.EIO), false},
	{"killed, then the disk is moved away", []string{"restore", "a"}, killAtUndo, undisturbed, true},
	{"no exchange of names", []string{"undo"}, func(c calls.Call) calls.Decision {
		if c.Name == "renameat2" {
			return calls.Decision{Fail: unix.EINVAL}
		}
		return failUndo(unix.EPERM)(c)
	}, failUndo(unix.EPERM), false},
}

func namesUndo(c calls.Call) bool {
	return strings.HasPrefix(c.Name, "renameat") && filepath.Base(c.Path) == filepath.Base(home.VMDir("").Undo())
}

func failUndo(errno unix.Errno) func(calls.Call) calls.Decision {
	return func(c calls.Call) calls.Decision {
		if namesUndo(c) {
			return calls.Decision{Fail: errno}
		}
		return calls.Decision{}
	}
}

func killAtUndo(c calls.Call) calls.Decision { return calls.Decision{Kill: namesUndo(c)} }

func undisturbed(calls.Call) calls.Decision { return calls.Decision{} }

// TestReplacedDiskSurvives prevents the replaced disk from becoming the undo disk. It must
// survive later jobs, and undo must restore it once that is possible. Without the guard it is
// lost.
func TestReplacedDiskSurvives(t *testing.T) {
	benches := map[string]*bench{}
	for _, blocked := range blockedUndos {
		b := benches[blocked.step[0]]
		if b == nil {
			b = newBench(t, trial{step: blocked.step})
			benches[blocked.step[0]] = b
		}
		t.Run(blocked.name, func(t *testing.T) {
			if wrong := blocked.disturb(b, ""); wrong != "" {
				t.Fatal(wrong)
			}
			if wrong := b.checkUndo(); wrong != "" {
				t.Fatal(wrong)
			}
			wrong := blocked.disturb(b, guard.LastName)
			if wrong == "" {
				t.Fatalf("without guard %s nothing is lost, want a lost disk", guard.LastName)
			}
			t.Logf("without guard %s: %s", guard.LastName, wrong)
		})
	}
}

// checkUndo restores the replaced disk. It returns a problem, or "".
func (b *bench) checkUndo() string {
	if err := b.checker.run(b.home, "undo"); err != nil {
		return err.Error()
	}
	w, err := b.checker.inspect(b.home)
	if err != nil {
		return err.Error()
	}
	if w[diskKey] != b.worlds[0][diskKey] {
		return fmt.Sprintf("after undo the disk is %s, want %s", w[diskKey], b.worlds[0][diskKey])
	}
	return b.runNext()
}

// disturb runs the use case with failing calls, and then two use cases that do not need the
// undo disk. It returns a problem, or "" if the previous disk is the undo disk.
func (u blockedUndo) disturb(b *bench, drop guard.Guard) string {
	if err := b.resetStore(); err != nil {
		return err.Error()
	}
	failed, hit, err := b.runSubjectTraced(drop, u.step, u.during)
	if err != nil || !hit {
		return fmt.Sprintf("the rename to the undo disk was not blocked: %v", err)
	}
	if failed == "" || strings.Contains(failed, "unchanged") {
		return "wrong report about a replaced disk: " + failed
	}
	root := home.Dir(b.home).VM(usecase.VM)
	if u.moved {
		if err := os.Rename(root.Disk(), filepath.Join(b.dir, "moved")); err != nil {
			return err.Error()
		}
	}
	for _, words := range [][]string{{"pin", "a"}, {"delete", "b"}} {
		if failed, _, err := b.runSubjectTraced(drop, words, u.after); err != nil || failed != "" {
			return fmt.Sprintf("%v: %v %s", words, err, failed)
		}
		w, err := b.checker.inspect(b.home)
		if err != nil {
			return err.Error()
		}
		if undo := "vm " + usecase.VM + " undo"; w[undo] != b.worlds[0][diskKey] {
			return fmt.Sprintf("after %q the undo is %q, want %q", words, w[undo], b.worlds[0][diskKey])
		}
	}
	return ""
}

// runSubjectTraced makes a subject run one use case and calls decide for its calls. It returns the
// reported error, and whether any call was disturbed.
func (b *bench) runSubjectTraced(drop guard.Guard, words []string, decide func(calls.Call) calls.Decision) (failed string, hit bool, err error) {
	question, err := json.Marshal(usecase.Request{Home: b.home, Words: words})
	if err != nil {
		return "", false, err
	}
	in, out := filepath.Join(b.dir, "question"), filepath.Join(b.dir, "answer")
	if err := os.WriteFile(in, question, 0o600); err != nil {
		return "", false, err
	}
	ask, err := os.Open(in)
	if err != nil {
		return "", false, err
	}
	defer ask.Close()
	answer, err := os.Create(out)
	if err != nil {
		return "", false, err
	}
	defer answer.Close()
	program := subjectGuarded
	if drop != "" {
		program = subjectUnguarded
	}
	status, err := calls.Run(calls.Program{
		Args: []string{program}, Env: append(b.env(), guard.EnvDrop+"="+string(drop)),
		In: ask, Out: answer, Err: os.Stderr, Dir: b.home,
	}, func(_ int, c calls.Call) calls.Decision {
		d := decide(c)
		hit = hit || d != calls.Decision{}
		return d
	})
	if err != nil || status.Signaled() {
		return "killed", hit, err
	}
	var a usecase.Response
	text, err := os.ReadFile(out)
	if err == nil {
		err = json.Unmarshal(text, &a)
	}
	return a.Error, hit, err
}

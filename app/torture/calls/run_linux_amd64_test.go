package calls

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// script makes a file. What renames and removes it are other programs, which are
// not looked at.
const script = `echo a > "$1/x" && mv "$1/x" "$1/y" && rm "$1/y" && echo done`

func runScript(t *testing.T, script string, decide func(int, Call) Decision) (syscall.WaitStatus, string, []string) {
	t.Helper()
	dir := t.TempDir()
	out, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	status, err := Run(Program{Args: []string{"/bin/sh", "-c", script, "sh", dir}, Env: os.Environ(), Out: out, Err: out, Dir: dir}, decide)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(out.Name())
	if err != nil {
		t.Fatal(err)
	}
	var left []string
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		left = append(left, e.Name())
	}
	return status, string(text), left
}

func TestRun(t *testing.T) {
	var seen []string
	status, out, left := runScript(t, script, func(n int, c Call) Decision {
		if n != len(seen)+1 {
			t.Errorf("call %d comes after %d", n, len(seen))
		}
		seen = append(seen, c.Name)
		return Decision{}
	})
	if status != 0 || out != "done\n" || len(left) != 0 {
		t.Errorf("%v %q %q", status, out, left)
	}
	if seen[0] != "openat" || !slices.Contains(seen, "write") || seen[len(seen)-1] != "exit_group" {
		t.Errorf("seen: %q", seen)
	}
}

func TestKill(t *testing.T) {
	status, out, left := runScript(t, script, func(_ int, c Call) Decision { return Decision{Kill: c.Path == Stdout} })
	if !status.Signaled() || status.Signal() != syscall.SIGKILL || out != "" || len(left) != 0 {
		t.Errorf("%v %q %q", status, out, left)
	}
	status, _, left = runScript(t, script, func(n int, _ Call) Decision { return Decision{Kill: n == 1} })
	if !status.Signaled() || len(left) != 0 {
		t.Errorf("the call at which it is killed is not made: %v %q", status, left)
	}
}

func TestFail(t *testing.T) {
	status, out, left := runScript(t, script, func(_ int, c Call) Decision {
		if c.Creates {
			return Decision{Fail: unix.ENOSPC}
		}
		return Decision{}
	})
	if status.ExitStatus() == 0 || !strings.Contains(out, "No space left") && !strings.Contains(out, "cannot create") || len(left) != 0 {
		t.Errorf("%v %q %q", status, out, left)
	}
}

// A close that fails has closed the file all the same.
func TestFailingClose(t *testing.T) {
	const script = `exec 9>"$1/x"; exec 9>&-; echo /proc/$$/fd/*`
	failed := 0
	_, out, left := runScript(t, script, func(_ int, c Call) Decision {
		if c.Name != "close" {
			return Decision{}
		}
		failed++
		return Decision{Fail: unix.EIO}
	})
	if failed == 0 || !strings.Contains(out, "/fd/1") || strings.Contains(out, "/fd/9") || len(left) != 1 {
		t.Errorf("%d closes have failed, open are %s", failed, out)
	}
}

func TestNoProgram(t *testing.T) {
	if _, err := Run(Program{Args: []string{"/nowhere/to/be/found"}}, nil); err == nil {
		t.Error("it ran")
	}
}

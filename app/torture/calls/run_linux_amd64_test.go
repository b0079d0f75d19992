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

// script creates a file. It renames and removes the file with other programs, which are not traced.
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
			t.Errorf("got call number %d, want %d", n, len(seen)+1)
		}
		seen = append(seen, c.Name)
		return Decision{}
	})
	if status != 0 || out != "done\n" || len(left) != 0 {
		t.Errorf("got status %v, output %q and files %q; want 0, done and no files", status, out, left)
	}
	if seen[0] != "openat" || !slices.Contains(seen, "write") || seen[len(seen)-1] != "exit_group" {
		t.Errorf("got calls %q, want openat first, then write, exit_group last", seen)
	}
}

func TestKill(t *testing.T) {
	status, out, left := runScript(t, script, func(_ int, c Call) Decision { return Decision{Kill: c.Path == Stdout} })
	if !status.Signaled() || status.Signal() != syscall.SIGKILL || out != "" || len(left) != 0 {
		t.Errorf("got status %v, output %q and files %q; want SIGKILL, no output and no files", status, out, left)
	}
	status, _, left = runScript(t, script, func(n int, _ Call) Decision { return Decision{Kill: n == 1} })
	if !status.Signaled() || len(left) != 0 {
		t.Errorf("killed at the first call: got status %v and files %q, want SIGKILL and none", status, left)
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
		t.Errorf("got status %v, output %q and files %q; want an error about space and no files", status, out, left)
	}
}

// A close that fails still closes the file.
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
		t.Errorf("got %d failed closes and open descriptors %s, want descriptor 9 closed", failed, out)
	}
}

func TestNoProgram(t *testing.T) {
	if _, err := Run(Program{Args: []string{"/nowhere/to/be/found"}}, nil); err == nil {
		t.Error("missing program: got no error")
	}
}

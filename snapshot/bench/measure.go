package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// figures are what one run cost.
type figures struct {
	cpu, wall time.Duration // cpu is user and system time of all its processes
	memory    int64         // peak of its largest process, in bytes
	bytes     int64         // of the result, as allocated for a disk
}

// measure runs a command and its children to their end.
func measure(ctx context.Context, name string, args ...string) (figures, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Stderr = os.Stderr
	start := time.Now()
	if err := cmd.Run(); err != nil {
		return figures{}, fmt.Errorf("%s %s: %w", name, strings.Join(args, " "), err)
	}
	f := figures{cpu: cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), wall: time.Since(start)}
	if u, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		f.memory = u.Maxrss << 10
	}
	return f, nil
}

// runs is how often each is measured. The better run counts: memory that is used
// for the first time costs whoever comes first, most of all in a virtual machine.
const runs = 2

// better measures one thing several times and returns the run that took the
// least CPU time; again comes between two runs, and is not measured.
func better(again func() error, once func() (figures, error)) (figures, error) {
	best, err := once()
	for n := 1; n < runs && err == nil; n++ {
		if err = again(); err != nil {
			break
		}
		var f figures
		if f, err = once(); err == nil && f.cpu < best.cpu {
			best = f
		}
	}
	return best, err
}

// shell measures a pipeline, with paths as its arguments $1, $2.
func shell(ctx context.Context, pipeline string, args ...string) (figures, error) {
	return measure(ctx, "bash", append([]string{"-o", "pipefail", "-c", pipeline, "bash"}, args...)...)
}

func fileSize(path string) int64 {
	st, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return st.Size()
}

// allocated is what a sparse file takes.
func allocated(path string) int64 {
	var st syscall.Stat_t
	if err := syscall.Stat(path, &st); err != nil {
		return 0
	}
	return st.Blocks * 512
}

// same compares two disks.
func same(ctx context.Context, a, b string) error {
	if out, err := exec.CommandContext(ctx, "cmp", a, b).CombinedOutput(); err != nil {
		return fmt.Errorf("%s and %s differ: %w: %s", a, b, err, out)
	}
	return nil
}

func installed(tool string) bool {
	_, err := exec.LookPath(tool)
	return err == nil
}

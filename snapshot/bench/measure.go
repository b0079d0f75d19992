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

// figures are the results of one run.
type figures struct {
	cpu, wall time.Duration // cpu is the user and system time of all processes
	memory    int64         // peak memory of the largest process, in bytes
	bytes     int64         // size of the result; for a disk, its allocated blocks
}

// measure runs a command and waits for it and its children.
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

// runs is the number of runs of each measurement. The best run counts, as the first one
// also includes the time to allocate memory, especially in a virtual machine.
const runs = 2

// bestOf measures several runs and returns the figures with the least CPU time. Between
// runs it calls reset, which is not measured.
func bestOf(reset func() error, once func() (figures, error)) (figures, error) {
	best, err := once()
	for n := 1; n < runs && err == nil; n++ {
		if err = reset(); err != nil {
			break
		}
		var f figures
		if f, err = once(); err == nil && f.cpu < best.cpu {
			best = f
		}
	}
	return best, err
}

// runPipeline measures a pipeline in which args are $1, $2 and so on.
func runPipeline(ctx context.Context, pipeline string, args ...string) (figures, error) {
	return measure(ctx, "bash", append([]string{"-o", "pipefail", "-c", pipeline, "bash"}, args...)...)
}

func fileSize(path string) int64 {
	st, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return st.Size()
}

// allocated returns the size of a file's blocks in bytes.
func allocated(path string) int64 {
	var st syscall.Stat_t
	if err := syscall.Stat(path, &st); err != nil {
		return 0
	}
	return st.Blocks * 512
}

// compareDisks returns an error if two disks differ.
func compareDisks(ctx context.Context, a, b string) error {
	if out, err := exec.CommandContext(ctx, "cmp", a, b).CombinedOutput(); err != nil {
		return fmt.Errorf("%s and %s differ: %w: %s", a, b, err, out)
	}
	return nil
}

func isInstalled(tool string) bool {
	_, err := exec.LookPath(tool)
	return err == nil
}

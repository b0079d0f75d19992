package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// bench runs the program in a store of its own.
type bench struct {
	ctx           context.Context
	program, home string
	runs          int
}

// result holds the figures of one size. Times are in seconds.
type result struct {
	mb                                  int
	plain, full, lazy, clone, lazyClone float64
	idle, busy                          float64       // filling in the disk beside an idle and a busy guest
	fullCPU, lazyCPU                    float64       // of a complete restore, and of filling in
	pause                               time.Duration // of the guest, when its disk was switched
	memory                              int64         // of the supervisor after filling in, in bytes
}

// command runs a command of the program and returns the CPU time that it used, in seconds.
func (b *bench) command(ctx context.Context, args ...string) (cpu float64, err error) {
	c := exec.CommandContext(ctx, b.program, args...)
	c.Env = append(os.Environ(), "VMTERMINAL_HOME="+b.home, "VMTERMINAL_DEBUG=1")
	var stderr bytes.Buffer
	c.Stderr = &stderr
	if err := c.Run(); err != nil {
		return 0, fmt.Errorf("%s: %w: %s", strings.Join(args, " "), err, stderr.String())
	}
	return (c.ProcessState.UserTime() + c.ProcessState.SystemTime()).Seconds(), nil
}

// script runs commands, whose words are separated by spaces, until one fails.
func (b *bench) script(commands ...string) error {
	for _, line := range commands {
		if _, err := b.command(b.ctx, strings.Fields(line)...); err != nil {
			return err
		}
	}
	return nil
}

// best returns the shortest time, in seconds, that the timed commands take. The commands in
// before run first each time, and those in after run last.
func (b *bench) best(before, timed, after []string) (float64, error) {
	shortest := 0.0
	for n := range b.runs {
		if err := b.script(before...); err != nil {
			return 0, err
		}
		start := time.Now()
		if err := b.script(timed...); err != nil {
			return 0, err
		}
		if took := time.Since(start).Seconds(); n == 0 || took < shortest {
			shortest = took
		}
		if err := b.script(after...); err != nil {
			return 0, err
		}
	}
	return shortest, nil
}

func (b *bench) folder(vm string) string { return filepath.Join(b.home, "data", vm) }

// waitFilled waits until the disk of a VM is complete.
func (b *bench) waitFilled(vm string) error {
	for {
		if _, err := os.Stat(filepath.Join(b.folder(vm), "filling")); errors.Is(err, os.ErrNotExist) {
			return nil
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-b.ctx.Done():
			return b.ctx.Err()
		}
	}
}

// Commands of the measurements. "exec true" waits for the guest's agent.
const (
	stopVM  = "stop --vm bench --force"
	startVM = "run --vm bench --detach"
	useVM   = "exec --vm bench true"
)

// measure measures a VM with that much incompressible data on its disk.
func (b *bench) measure(mb int) (r result, err error) {
	r.mb = mb
	fill := fmt.Sprintf("exec --vm bench dd if=/dev/urandom of=/data bs=1M count=%d", mb)
	err = b.script(fmt.Sprintf("vm create bench --disk-size %dM", 2*mb+1024), startVM, fill, "exec --vm bench sync", stopVM, "snapshot create s --vm bench")
	if err != nil {
		return r, err
	}
	for _, m := range []struct {
		to                   *float64
		before, timed, after []string
	}{
		{&r.plain, nil, []string{startVM, useVM}, []string{stopVM}},
		{&r.full, nil, []string{"snapshot restore s --vm bench", startVM, useVM}, []string{stopVM}},
		{&r.lazy, nil, []string{"snapshot restore s --vm bench --start", useVM}, []string{stopVM}},
		{&r.clone, nil, []string{"snapshot clone s copy --vm bench", "run --vm copy --detach", "exec --vm copy true"}, []string{"stop --vm copy --force", "vm delete copy --purge --yes"}},
		{&r.lazyClone, nil, []string{"snapshot clone s copy --vm bench --start", "exec --vm copy true"}, []string{"stop --vm copy --force", "vm delete copy --purge --yes"}},
	} {
		if *m.to, err = b.best(m.before, m.timed, m.after); err != nil {
			return r, err
		}
	}
	if r.fullCPU, err = b.command(b.ctx, "snapshot", "restore", "s", "--vm", "bench"); err != nil {
		return r, err
	}
	if err = b.measureFilling(&r); err != nil {
		return r, err
	}
	return r, b.script(stopVM, "vm delete bench --purge --yes")
}

// measureFilling measures how long it takes to fill in a disk beside an idle and a busy guest.
func (b *bench) measureFilling(r *result) (err error) {
	if r.idle, err = b.fill(); err != nil {
		return err
	}
	status := b.supervisorFile("status")
	if kib := regexp.MustCompile(`VmHWM:\s*(\d+) kB`).FindStringSubmatch(status); kib != nil {
		n, _ := strconv.ParseInt(kib[1], 10, 64) // digits
		r.memory = n << 10
	}
	r.lazyCPU = cpuSeconds(b.supervisorFile("stat"))
	if r.pause, err = b.longestPause(); err != nil {
		return err
	}
	if err := b.script(stopVM); err != nil {
		return err
	}
	r.busy, err = b.fill("exec", "--vm", "bench", "--", "sh", "-c", "while :; do dd if=/dev/urandom of=/busy bs=1M count=50; done")
	return err
}

// fill restores the VM with a lazy disk, and returns how long it takes to fill it in while the
// guest, if a command is given, runs that command.
func (b *bench) fill(work ...string) (seconds float64, err error) {
	if err := b.script("snapshot restore s --vm bench --start", useVM); err != nil {
		return 0, err
	}
	start := time.Now()
	if len(work) > 0 {
		ctx, cancel := context.WithCancel(b.ctx)
		defer cancel()
		go func() { _, _ = b.command(ctx, work...) }() // until it is canceled
	}
	err = b.waitFilled("bench")
	return time.Since(start).Seconds(), err
}

// longestPause returns the longest pause of a guest whose disk was switched.
func (b *bench) longestPause() (longest time.Duration, err error) {
	text, err := os.ReadFile(filepath.Join(b.folder("bench"), "host.log"))
	if err != nil {
		return 0, err
	}
	for _, m := range regexp.MustCompile(`msg="disk switched" pause=(\S+)`).FindAllStringSubmatch(string(text), -1) {
		pause, err := time.ParseDuration(m[1])
		if err != nil {
			return 0, err
		}
		longest = max(longest, pause)
	}
	return longest, nil
}

// supervisorFile returns a file of /proc about the VM's supervisor, or "" if it cannot be read.
func (b *bench) supervisorFile(name string) string {
	record, _ := os.ReadFile(filepath.Join(b.folder("bench"), "host.json"))
	pid := regexp.MustCompile(`"host":\s*{\s*"pid":\s*(\d+)`).FindSubmatch(record)
	if pid == nil {
		return ""
	}
	text, _ := os.ReadFile("/proc/" + string(pid[1]) + "/" + name)
	return string(text)
}

// cpuSeconds returns the CPU time in the contents of /proc/PID/stat; see proc(5).
func cpuSeconds(stat string) float64 {
	const userField, ticksPerSecond = 11, 100 // after the name
	fields := strings.Fields(stat[strings.LastIndexByte(stat, ')')+1:])
	if len(fields) <= userField+1 {
		return 0
	}
	user, _ := strconv.Atoi(fields[userField])
	system, _ := strconv.Atoi(fields[userField+1])
	return float64(user+system) / ticksPerSecond
}

// stopAll stops the VMs that an error has left running.
func (b *bench) stopAll() error {
	b.ctx = context.WithoutCancel(b.ctx)
	entries, _ := os.ReadDir(filepath.Join(b.home, "data")) // no folder, no VMs
	var errs []error
	for _, e := range entries {
		_, err := b.command(b.ctx, "stop", "--vm", e.Name(), "--force")
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

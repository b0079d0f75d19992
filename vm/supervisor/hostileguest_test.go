//go:build linux

package supervisor

import (
	"fmt"
	"io"
	"os"
	"regexp"
	"strconv"
	"testing"
	"time"

	"vmterminal/vm/supervisor/client"
)

// A guest may suspend its agent, flood the console and the agent's port, or not read from
// them. The VM's state must still be available, snapshots and stopping must work, and the
// supervisor must not use much memory.
func TestHostileGuest(t *testing.T) {
	t.Parallel()
	v := newGuest(t)
	c := v.start()
	x := v.attach(c)
	x.expect(prompt)
	v.waitUntil(c, func(s client.State) bool { return s.Agent })
	folder := v.workingDir(c)

	x.send("kill -STOP $(pidof vmterminal-agent); echo still-$((40+1))")
	x.expect("still-41")
	v.checkPointInTimeOfHostileGuest(c, "an agent that never answers")

	// First no process has the port open, then a process that only writes noise.
	x.send("sed -i /vmterminal-agent/d /etc/inittab; kill -HUP 1; kill -9 $(pidof vmterminal-agent); echo gone-$((40+2))")
	x.expect("gone-42")
	v.checkPointInTimeOfHostileGuest(c, "no agent")
	x.send("cat /dev/urandom >/dev/$(basename /sys/class/virtio-ports/*) & cat /dev/urandom >/dev/ttyS0 & sleep 1")
	const flood = 1 << 20
	defer x.closeLater()()
	if _, err := io.CopyN(io.Discard, x.rw, flood); err != nil {
		t.Fatal(err)
	}
	v.checkPointInTimeOfHostileGuest(c, "a flood")
	again := v.attach(c)
	defer again.closeLater()()
	if _, err := io.CopyN(io.Discard, again.rw, flood); err != nil {
		t.Fatal(err)
	}

	if now := v.workingDir(c); now != folder {
		t.Errorf("the supervisor's working directory changed from %s to %s", folder, now)
	}
	if peak := v.peakMemory(c); peak > 400<<20 {
		t.Errorf("the supervisor used %d MiB, want at most 400", peak>>20)
	}
	if err := c.Stop(t.Context(), client.StopRequest{Grace: time.Second}, nil); err != nil {
		t.Fatal(err)
	}
	v.checkNoLeftovers()
}

// checkPointInTimeOfHostileGuest creates a point in time of a guest without a usable
// agent.
func (v *testVM) checkPointInTimeOfHostileGuest(c *client.Client, what string) {
	v.t.Helper()
	began := time.Now()
	if s := v.state(c); s.State != client.Running {
		v.t.Errorf("%s: got state %+v, want Running", what, s)
	}
	// The contract is one second; this machine may be busy.
	if took := time.Since(began); took > 30*time.Second {
		v.t.Errorf("%s: the state request took %v, want at most 30s", what, took)
	}
	pit, err := c.BeginPointInTime(v.t.Context())
	if err != nil {
		v.t.Fatalf("%s: begin a point in time: %v", what, err)
	}
	if pit.Taken != client.TakenCrash || pit.NotFrozen != client.NotFrozenNoAgent || pit.Size == 0 {
		v.t.Errorf("%s: got point in time %+v, want TakenCrash, NotFrozenNoAgent and a size", what, pit)
	}
	if err := pit.Close(); err != nil {
		v.t.Errorf("%s: end the point in time: %v", what, err)
	}
}

// workingDir returns the supervisor's working directory.
func (v *testVM) workingDir(c *client.Client) string {
	v.t.Helper()
	dir, err := os.Readlink(fmt.Sprintf("/proc/%d/cwd", v.state(c).PID))
	if err != nil {
		v.t.Fatal(err)
	}
	return dir
}

var peakLine = regexp.MustCompile(`VmHWM:\s+(\d+) kB`)

// peakMemory returns the supervisor's peak memory usage in bytes.
func (v *testVM) peakMemory(c *client.Client) int64 {
	v.t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", v.state(c).PID))
	if err != nil {
		v.t.Fatal(err)
	}
	match := peakLine.FindSubmatch(status)
	if match == nil {
		v.t.Fatal("no VmHWM in the process's status")
	}
	kb, err := strconv.ParseInt(string(match[1]), 10, 64)
	if err != nil {
		v.t.Fatal(err)
	}
	v.t.Logf("the supervisor used at most %d MiB", kb>>10)
	return kb << 10
}

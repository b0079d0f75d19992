//go:build linux

package host

import (
	"fmt"
	"io"
	"os"
	"regexp"
	"strconv"
	"testing"
	"time"
)

// A guest that holds its agent still, floods console and agent's port with
// noise, or reads neither, costs nothing but what it says of itself: its state
// is told, it is snapshotted and stopped, and its host process stays small.
func TestHostileGuest(t *testing.T) {
	t.Parallel()
	v := newGuest(t)
	c := v.start()
	x := v.attach(c)
	x.expect(prompt)
	v.waitUntil(c, func(s State) bool { return s.Agent })
	folder := v.folder(c)

	x.send("kill -STOP $(pidof vmterminal-agent); echo still-$((40+1))")
	x.expect("still-41")
	v.pointInTimeWhileHostile(c, "an agent that never answers")

	// Nobody has the port open, then somebody who only makes noise.
	x.send("sed -i /vmterminal-agent/d /etc/inittab; kill -HUP 1; kill -9 $(pidof vmterminal-agent); echo gone-$((40+2))")
	x.expect("gone-42")
	v.pointInTimeWhileHostile(c, "no agent")
	x.send("cat /dev/urandom >/dev/$(basename /sys/class/virtio-ports/*) & cat /dev/urandom >/dev/ttyS0 & sleep 1")
	const flood = 1 << 20
	if _, err := io.CopyN(io.Discard, x.rw, flood); err != nil {
		t.Fatal(err)
	}
	v.pointInTimeWhileHostile(c, "a flood")
	again := v.attach(c)
	if _, err := io.CopyN(io.Discard, again.rw, flood); err != nil {
		t.Fatal(err)
	}

	if now := v.folder(c); now != folder {
		t.Errorf("the host process went from %s to %s", folder, now)
	}
	if peak := v.peak(c); peak > 400<<20 {
		t.Errorf("the host process took %d MB", peak>>20)
	}
	if err := c.Stop(t.Context(), StopRequest{Grace: time.Second}, nil); err != nil {
		t.Fatal(err)
	}
	v.nothingLeft()
}

// pointInTimeWhileHostile takes one of a guest whose agent is of no use.
func (v *testVM) pointInTimeWhileHostile(c *Client, what string) {
	v.t.Helper()
	began := time.Now()
	if s := v.state(c); s.State != Running {
		v.t.Errorf("%s: state %+v", what, s)
	}
	// Promised is less than a second; the machine may have much else to do.
	if took := time.Since(began); took > 10*time.Second {
		v.t.Errorf("%s: state took %v", what, took)
	}
	pit, err := c.BeginPointInTime(v.t.Context())
	if err != nil {
		v.t.Fatalf("%s: %v", what, err)
	}
	if pit.Taken != TakenCrash || pit.Size == 0 {
		v.t.Errorf("%s: %+v", what, pit)
	}
	if err := pit.Close(); err != nil {
		v.t.Errorf("%s: %v", what, err)
	}
}

// folder is the host process's current folder.
func (v *testVM) folder(c *Client) string {
	v.t.Helper()
	dir, err := os.Readlink(fmt.Sprintf("/proc/%d/cwd", v.state(c).PID))
	if err != nil {
		v.t.Fatal(err)
	}
	return dir
}

var peakLine = regexp.MustCompile(`VmHWM:\s+(\d+) kB`)

// peak is the most memory that the host process has had, in bytes.
func (v *testVM) peak(c *Client) int64 {
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
	v.t.Logf("the host process took %d MB at most", kb>>10)
	return kb << 10
}

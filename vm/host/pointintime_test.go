package host

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vmterminal/vm/qemu"
)

// readDisk copies a point in time's whole content into a file.
func readDisk(t *testing.T, pit PointInTime) string {
	t.Helper()
	export, err := qemu.OpenImage(t.Context(), pit.Socket, pit.Export)
	if err != nil {
		t.Fatal(err)
	}
	defer export.Close() //nolint:errcheck // it was only read
	if export.Size() != pit.Size {
		t.Fatalf("the export has %d bytes, not %d", export.Size(), pit.Size)
	}
	path := filepath.Join(t.TempDir(), "disk")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := io.Copy(f, io.NewSectionReader(export, 0, export.Size())); err != nil {
		t.Fatal(err)
	}
	return path
}

// fileIn reads a file of the ext4 file system in a disk.
func fileIn(t *testing.T, disk, path string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "debugfs", "-R", "cat "+path, disk)
	cmd.Env = append(os.Environ(), "PATH="+os.Getenv("PATH")+":/usr/sbin:/sbin")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("debugfs: %v", err)
	}
	return string(out)
}

func TestPointInTimeWhileTheGuestWrites(t *testing.T) {
	t.Parallel()
	v := newGuest(t)
	c := v.start()
	x := v.attach(c)
	x.expect(prompt)
	v.waitUntil(c, func(s State) bool { return s.Agent })
	if s := v.state(c); s.AgentVersion < 1 {
		t.Fatalf("state %+v", s)
	}
	// The flag and the counter change all the time, always in this order.
	x.send("echo before >/flag; sync; (while :; do i=$((i+1)); echo $i >/count; sync; done) & echo ready-$((1+1))")
	x.expect("ready-2")

	began := time.Now()
	pit, err := c.BeginPointInTime(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if pit.Taken != TakenFrozen || pit.Held <= 0 || pit.Held > time.Since(began) {
		t.Fatalf("point in time %+v", pit)
	}
	x.send("echo after >/flag; sync; echo written-$((1+2))")
	x.expect("written-3")
	if !v.state(c).PointInTime {
		t.Fatal("the state does not tell of the point in time")
	}
	other, err := Connect(t.Context(), v.spec.Dir, v.spec.RunDir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.BeginPointInTime(t.Context()); !errors.Is(err, ErrBusy) {
		t.Fatalf("a second point in time: %v", err)
	}

	disk := readDisk(t, pit)
	if got := fileIn(t, disk, "/flag"); got != "before\n" {
		t.Fatalf("the flag is %q", got)
	}
	check := exec.Command("/sbin/e2fsck", "-fn", disk)
	if out, err := check.CombinedOutput(); err != nil || strings.Contains(string(out), "recovering journal") {
		t.Fatalf("e2fsck: %v\n%s", err, out)
	}
	if err := pit.Close(); err != nil {
		t.Fatal(err)
	}
	if v.state(c).PointInTime {
		t.Fatal("still a point in time after its end")
	}

	// A client that dies leaves none behind.
	ctx, die := context.WithCancel(t.Context())
	stream, err := other.open(ctx, "POST", "/v1/point-in-time", nil)
	if err != nil {
		t.Fatal(err)
	}
	die()
	stream.Close()
	v.waitUntil(c, func(s State) bool { return !s.PointInTime })
	pit, err = c.BeginPointInTime(t.Context())
	if err != nil {
		t.Fatalf("after a client that died: %v", err)
	}
	if got := fileIn(t, readDisk(t, pit), "/flag"); got != "after\n" {
		t.Fatalf("the flag is %q", got)
	}
	// A forced stop does not wait for the reader.
	if err := c.Stop(t.Context(), StopRequest{Force: true}, nil); err != nil {
		t.Fatal(err)
	}
	if err := c.EndPointInTime(t.Context()); err != nil {
		t.Fatalf("end it after the VM: %v", err)
	}
	v.nothingLeft()
}

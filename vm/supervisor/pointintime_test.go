package supervisor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vmterminal/vm/agent"
	"vmterminal/vm/qemu"
	"vmterminal/vm/supervisor/client"
)

// readDisk copies the contents of a point in time to a file.
func readDisk(t *testing.T, pit client.PointInTime) string {
	t.Helper()
	export, err := qemu.OpenImage(t.Context(), pit.Socket, pit.Export)
	if err != nil {
		t.Fatal(err)
	}
	defer export.Close() //nolint:errcheck // it was only read
	if export.Size() != pit.Size {
		t.Fatalf("got an export of %d bytes, want %d", export.Size(), pit.Size)
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

// fileIn reads a file from the ext4 file system on a disk.
func fileIn(t *testing.T, disk, path string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "debugfs", "-R", "cat "+path, disk)
	cmd.Env = append(os.Environ(), "PATH="+os.Getenv("PATH")+":/usr/sbin:/sbin")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("debugfs: got error %v, want no error", err)
	}
	return string(out)
}

// beginFrozen begins a point in time of a frozen guest. It tries again if the guest does not
// answer in time, which happens on a busy machine.
func (v *testVM) beginFrozen(c *client.Client) client.PointInTime {
	v.t.Helper()
	for deadline := time.Now().Add(5 * time.Minute); ; {
		v.waitUntil(c, func(s client.State) bool { return s.Agent })
		pit, err := c.BeginPointInTime(v.t.Context())
		if err != nil {
			v.t.Fatal(err)
		}
		if pit.Taken == client.TakenFrozen {
			return pit
		}
		if tooSlow := pit.NotFrozen == client.NotFrozenNoAgent || pit.NotFrozen == client.NotFrozenUnconfirmed || pit.NotFrozen == client.NotFrozenThawedEarly; !tooSlow || time.Now().After(deadline) {
			v.t.Fatalf("got point in time %+v, want Taken %v", pit, client.TakenFrozen)
		}
		if err := pit.Close(); err != nil {
			v.t.Fatal(err)
		}
	}
}

func TestNotFrozenReason(t *testing.T) {
	for want, err := range map[client.NotFrozen]error{
		"":                          nil,
		client.NotFrozenPaused:      client.ErrPaused,
		client.NotFrozenThawedEarly: fmt.Errorf("thaw: %w", qemu.ErrThawedBefore),
		client.NotFrozenUnconfirmed: fmt.Errorf("%w: %w", qemu.ErrStillFrozen, agent.ErrNoAnswer),
		client.NotFrozenRefused:     fmt.Errorf("freeze: %w", &agent.GuestError{Op: "freeze", Text: "too many requests at once"}),
		client.NotFrozenNoAgent:     fmt.Errorf("%w: %w", client.ErrNoAgent, agent.ErrNoAnswer),
	} {
		if got := notFrozenReason(err); got != want {
			t.Errorf("%v: got %q, want %q", err, got, want)
		}
	}
}

func TestPointInTimeWhileTheGuestWrites(t *testing.T) {
	t.Parallel()
	v := newGuest(t)
	c := v.start()
	x := v.attach(c)
	x.expect(prompt)
	v.waitUntil(c, func(s client.State) bool { return s.Agent })
	if s := v.state(c); s.AgentVersion < 1 {
		t.Fatalf("got state %+v, want AgentVersion at least 1", s)
	}
	// The flag changes once, the counter all the time.
	x.send("echo before >/flag; sync; (while :; do i=$((i+1)); echo $i >/count; sync; done) & echo ready-$((1+1))")
	x.expect("ready-2")

	began := time.Now()
	pit := v.beginFrozen(c)
	if took := time.Since(began); pit.FrozenFor <= 0 || pit.FrozenFor > took {
		t.Fatalf("point in time %+v, want FrozenFor at most %v", pit, took)
	}
	x.send("echo after >/flag; sync; echo written-$((1+2))")
	x.expect("written-3")
	if !v.state(c).PointInTime {
		t.Fatal("PointInTime is not set in the state")
	}
	other, err := client.Connect(t.Context(), v.spec.Dir, v.spec.RunDir, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.BeginPointInTime(t.Context()); !errors.Is(err, client.ErrBusy) {
		t.Fatalf("a second point in time: got error %v, want error %v", err, client.ErrBusy)
	}

	disk := readDisk(t, pit)
	if got := fileIn(t, disk, "/flag"); got != "before\n" {
		t.Fatalf("the flag is %q, want %q", got, "before\n")
	}
	check := exec.Command("/sbin/e2fsck", "-fn", disk)
	if out, err := check.CombinedOutput(); err != nil || strings.Contains(string(out), "recovering journal") {
		t.Fatalf("e2fsck: got error %v, want a clean file system:\n%s", err, out)
	}
	if err := pit.Close(); err != nil {
		t.Fatal(err)
	}
	if v.state(c).PointInTime {
		t.Fatal("PointInTime is still set after the end")
	}

	// The point in time is removed when the client dies.
	ctx, die := context.WithCancel(t.Context())
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://vm/v1/point-in-time", nil)
	if err != nil {
		t.Fatal(err)
	}
	lease, err := plainHTTP(client.SocketDirs(v.spec.RunDir, v.spec.Dir)[0]).Do(req)
	if err != nil || lease.StatusCode != http.StatusOK {
		t.Fatalf("begin a point in time: got %+v, error %v; want status OK", lease, err)
	}
	die()
	lease.Body.Close()
	v.waitUntil(c, func(s client.State) bool { return !s.PointInTime })
	pit, err = c.BeginPointInTime(t.Context())
	if err != nil {
		t.Fatalf("after a client that died: got error %v, want no error", err)
	}
	if got := fileIn(t, readDisk(t, pit), "/flag"); got != "after\n" {
		t.Fatalf("the flag is %q, want %q", got, "after\n")
	}
	// A forced stop does not wait for the reader.
	if err := c.Stop(t.Context(), client.StopRequest{Force: true}, nil); err != nil {
		t.Fatal(err)
	}
	if err := c.EndPointInTime(t.Context()); err != nil {
		t.Fatalf("end a point in time after the VM has exited: got error %v, want no error", err)
	}
	v.checkNoLeftovers()
}

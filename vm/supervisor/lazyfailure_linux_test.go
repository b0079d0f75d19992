package supervisor

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"vmterminal/snapshot/durable/lazydisk"
	"vmterminal/snapshot/durable/mounttest"
	"vmterminal/vm/qcow2"
	"vmterminal/vm/supervisor/client"
)

// expectResumed resumes a guest that a failure has paused, and checks that the guest has not
// noticed it.
func (v *testVM) expectResumed(c *client.Client, x *terminal) {
	v.t.Helper()
	if err := c.Resume(v.t.Context()); err != nil {
		v.t.Fatal(err)
	}
	x.expect("done-42")
	if text := x.text.String(); strings.Contains(text, "rror") {
		v.t.Errorf("the guest noticed an error: %q", text)
	}
	v.openFillGate()
	v.expectSettled(c)
	if err := c.Stop(v.t.Context(), client.StopRequest{Grace: patientGrace}, nil); err != nil {
		v.t.Fatal(err)
	}
	v.checkFileSystem()
}

// TestGuestReadsDamagedSource damages the source where the guest reads, and repairs it.
func TestGuestReadsDamagedSource(t *testing.T) {
	t.Parallel()
	v := newLazyGuest(t, stageNone)
	v.closeFillGate()
	c := v.start()
	x := v.attach(c)
	x.expect(prompt)
	if err := os.WriteFile(damageFile(v.spec.Dir), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	x.send("echo 3 >/proc/sys/vm/drop_caches; md5sum /bin/* >/dev/null; echo done-$((40+2))")
	v.waitUntil(c, func(s client.State) bool { return s.State == client.Paused })
	if s := v.state(c); s.PauseReason.Code != client.PauseSourceFailed || s.Fill.Problem.Code != client.FillDamaged {
		t.Errorf("pause reason %q, problem %+v; want %q, %q", s.PauseReason.Code, s.Fill.Problem, client.PauseSourceFailed, client.FillDamaged)
	}
	if err := os.Remove(damageFile(v.spec.Dir)); err != nil {
		t.Fatal(err)
	}
	v.expectResumed(c, x)
}

// TestOverlayOnFullDisk fills up the file system of the overlay, and frees space again.
func TestOverlayOnFullDisk(t *testing.T) {
	t.Parallel()
	small := mounttest.Dir(t, "ext4", 64)
	v := newLazyGuest(t, stageNone)
	m, err := lazydisk.Read(v.spec.Dir.Disk())
	if err != nil {
		t.Fatal(err)
	}
	path, overlay := filepath.Join(small, "overlay"), lazydisk.Dir(v.spec.Dir.Filling()).Folder(*m).Overlay()
	if err := errors.Join(qcow2.Create(path, m.Size), os.Remove(overlay), os.Symlink(path, overlay)); err != nil {
		t.Fatal(err)
	}
	var free unix.Statfs_t
	if err := unix.Statfs(small, &free); err != nil {
		t.Fatal(err)
	}
	ballast, err := os.Create(filepath.Join(small, "ballast"))
	if err == nil {
		err = errors.Join(unix.Fallocate(int(ballast.Fd()), 0, 0, int64(free.Bavail)*free.Bsize-12<<20), ballast.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	v.closeFillGate()
	c := v.start()
	x := v.attach(c)
	x.expect(prompt)
	x.send("head -c 20000000 /dev/urandom >/root/noise; sync; echo done-$((40+2))")
	v.waitUntil(c, func(s client.State) bool { return s.State == client.Paused })
	if s := v.state(c); s.PauseReason.Code != client.PauseDiskFull {
		t.Errorf("pause reason %q, want %q", s.PauseReason.Code, client.PauseDiskFull)
	}
	if err := os.Remove(ballast.Name()); err != nil {
		t.Fatal(err)
	}
	v.expectResumed(c, x)
}

package supervisor

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"vmterminal/snapshot/blockserver"
	"vmterminal/snapshot/diskfile"
	"vmterminal/snapshot/durable"
	"vmterminal/snapshot/durable/lazydisk"
	"vmterminal/vm/home"
	"vmterminal/vm/qcow2"
	"vmterminal/vm/supervisor/client"
)

// envHoldAt is an environment variable that makes a supervisor in this test binary run a lazy disk.
// At the stage that it names, the supervisor stops working on the disk until it is killed.
const envHoldAt = "VMTERMINAL_TEST_HOLD_AT"

// Stages of a lazy disk.
const (
	stageNone      = "none"
	stageFilling   = "filling"
	stageSettling  = "settling"  // the guest's writes are being copied; the supervisor does not wait there
	stageSwitching = "switching" // the guest is paused, and its disk is still lazy
	stageComplete  = "complete"  // the guest is paused, and its disk is an ordinary one
	stageRemoved   = "removed"   // likewise, and the overlay was deleted
)

// lazyMarker is the marker of the lazy disk of a test VM.
func lazyMarker(size int64) lazydisk.Marker {
	return lazydisk.Marker{ID: "ABCDEFGHIJKLMNOP", Size: size, Kind: lazydisk.Raw, Name: "test"}
}

// reachedFile exists when a supervisor has reached the stage named by envHoldAt.
func reachedFile(dir home.VMDir) string { return filepath.Join(string(dir), "reached") }

// hold waits forever, or until the context ends, if stage is the one to stop at.
func hold(ctx context.Context, dir home.VMDir, stage string) {
	if os.Getenv(envHoldAt) == stage {
		_ = os.WriteFile(reachedFile(dir), nil, 0o600)
		<-ctx.Done()
	}
}

// servedFile is a raw disk for a block server. It cannot be read while a file damaged exists.
type servedFile struct {
	*diskfile.Disk
	damaged string
	mu      sync.Mutex
}

// damageFile is a file that makes the source of a VM's disk unreadable.
func damageFile(dir home.VMDir) string { return filepath.Join(string(dir), "damaged") }

func (f *servedFile) ReadAt(p []byte, off int64) (int, error) {
	if _, err := os.Stat(f.damaged); err == nil {
		return 0, errors.New("the source is damaged")
	}
	return f.Disk.ReadAt(p, off)
}

func (f *servedFile) NextData(off int64) (start, end int64, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.Disk.NextData(off)
}

// openTestLazyDisk returns the lazy disk of a test VM, whose source is a raw file.
func openTestLazyDisk(dir home.VMDir) (*LazyDisk, error) {
	m, err := lazydisk.Read(dir.Disk())
	if err != nil || m == nil {
		return nil, err
	}
	folder := lazydisk.Dir(dir.Filling()).Folder(*m)
	source, err := diskfile.Open(folder.Source())
	if err != nil {
		return nil, err
	}
	return &LazyDisk{
		Overlay: folder.Overlay(), Size: m.Size, Source: m.Name,
		Serve: func(ctx context.Context, l net.Listener, onReadError func(client.FillProblem)) error {
			return blockserver.Serve(ctx, l, &servedFile{Disk: source, damaged: damageFile(dir)}, blockserver.Options{
				OnReadError: func(err error) { onReadError(client.FillProblem{Code: client.FillDamaged, Detail: err.Error()}) },
			})
		},
		Fill: func(ctx context.Context, progress func(done, total int64)) error {
			awaitFillGate(ctx, dir)
			hold(ctx, dir, stageFilling)
			disk, err := lazydisk.Open(dir.Disk(), *m)
			if err != nil {
				return err
			}
			if _, err = io.Copy(io.NewOffsetWriter(disk, 0), io.NewSectionReader(source, 0, m.Size)); err == nil {
				err = durable.SyncFile(disk)
			}
			progress(m.Size, m.Size)
			return errors.Join(err, disk.Close())
		},
		Complete: func() error {
			hold(context.Background(), dir, stageSwitching)
			if err := lazydisk.Complete(dir.Disk(), *m); err != nil {
				return err
			}
			hold(context.Background(), dir, stageComplete)
			folder.Remove()
			hold(context.Background(), dir, stageRemoved)
			return nil
		},
	}, nil
}

// newLazyGuest returns a guest whose disk is lazy. Its supervisor stops at the stage.
func newLazyGuest(t *testing.T, stage string) *testVM {
	t.Helper()
	v := newGuest(t)
	dir := v.spec.Dir
	st, err := os.Stat(dir.Disk())
	if err != nil {
		t.Fatal(err)
	}
	m := lazyMarker(st.Size())
	source := dir.Disk() + ".source"
	if err := os.Rename(dir.Disk(), source); err != nil {
		t.Fatal(err)
	}
	err = lazydisk.Dir(dir.Filling()).Folder(m).Create(source, func(path string) error { return qcow2.Create(path, m.Size) })
	if err == nil {
		err = os.Remove(source)
	}
	f, createErr := os.Create(dir.Disk())
	if err = errors.Join(err, createErr); err == nil {
		err = errors.Join(lazydisk.Write(f, m), f.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	v.holdAt, v.spec.Debug = stage, true
	return v
}

// waitStage waits until the supervisor has reached its stage.
func (v *testVM) waitStage() {
	v.t.Helper()
	waitFor(v.t, "the supervisor is "+v.holdAt, func() bool {
		if v.holdAt == stageSettling {
			log, _ := os.ReadFile(v.spec.Dir.SupervisorLog())
			return strings.Contains(string(log), "blockdev-mirror")
		}
		_, err := os.Stat(reachedFile(v.spec.Dir))
		return err == nil
	})
}

// checksums makes the guest read a file that it has written and one of the source, without its
// cache.
func (x *terminal) checksums(round string) string {
	x.t.Helper()
	x.send("echo 3 >/proc/sys/vm/drop_caches; md5sum /root/noise /bin/busybox; echo end-" + round + "-$((40+2))")
	x.expect("end-" + round + "-42")
	text := x.text.String()
	start := strings.LastIndex(text, "echo end-"+round)
	text = text[start:]
	return text[strings.Index(text, "\n"):strings.Index(text, "end-"+round+"-42")]
}

// expectSettled waits until the disk is an ordinary one.
func (v *testVM) expectSettled(c *client.Client) {
	v.t.Helper()
	waitFor(v.t, "the disk is settled", func() bool { return v.state(c).Fill == nil })
	if m, err := lazydisk.Read(v.spec.Dir.Disk()); err != nil || m != nil {
		v.t.Errorf("the settled disk has the marker %+v, %v; want none", m, err)
	}
	if _, err := os.Stat(v.spec.Dir.Filling()); v.holdAt != stageComplete && !errors.Is(err, fs.ErrNotExist) {
		v.t.Errorf("%s remains: %v", v.spec.Dir.Filling(), err)
	}
}

// TestKillWithLazyDisk kills QEMU, the supervisor or both at each stage of a lazy disk. Everything
// that the guest has synced must survive, and the next start or supervisor must finish the disk.
// Without VMTERMINAL_TORTURE=1, it kills only once at each stage.
func TestKillWithLazyDisk(t *testing.T) {
	victims := []string{"supervisor", "QEMU", "both"}
	for i, stage := range []string{stageFilling, stageSettling, stageSwitching, stageComplete, stageRemoved} {
		for j, victim := range victims {
			if i%len(victims) != j && os.Getenv("VMTERMINAL_TORTURE") != "1" {
				continue
			}
			t.Run(stage+"/"+victim, func(t *testing.T) { testKillWithLazyDisk(t, stage, victim) })
		}
	}
}

func testKillWithLazyDisk(t *testing.T, stage, victim string) {
	t.Parallel()
	v := newLazyGuest(t, stage)
	v.closeFillGate() // the guest writes first
	c := v.start()
	x := v.attach(c)
	x.expect(prompt)
	x.send("head -c 9000000 /dev/urandom >/root/noise; sync; echo written-$((40+2))")
	x.expect("written-42")
	want := x.checksums("before")
	v.openFillGate()
	v.waitStage()

	pid := v.state(c).QEMUPID
	if victim != "QEMU" {
		v.killSupervisor(c)
	}
	if victim != "supervisor" {
		v.kill(pid, syscall.SIGKILL)
		if victim == "QEMU" && stage != stageFilling && stage != stageSettling {
			v.kill(v.supervisorPID(), syscall.SIGKILL) // it waits at the stage
		}
		waitFor(t, "QEMU has exited", func() bool {
			held, _ := durable.IsLocked(v.spec.Dir.Lock())
			own, _ := durable.IsLocked(v.spec.Dir.SupervisorLock())
			_, err := client.ProcessIDOf(pid)
			return !held && !own && err != nil
		})
	}
	v.holdAt, v.spec.Adopt = stageNone, victim == "supervisor"
	c = v.start()
	x = v.attach(c)
	if victim != "supervisor" {
		x.expect(prompt)
	} else if s := v.state(c); s.QEMUPID != pid {
		t.Errorf("QEMU's pid is %d, want the adopted %d", s.QEMUPID, pid)
	}
	if got := x.checksums("after"); got != want {
		t.Errorf("checksums after the kill: got %q, want %q", got, want)
	}
	v.holdAt = stage
	v.expectSettled(c)
	if got := x.checksums("settled"); got != want {
		t.Errorf("checksums on the settled disk: got %q, want %q", got, want)
	}
	if err := c.Stop(t.Context(), client.StopRequest{Grace: patientGrace}, nil); err != nil {
		t.Fatal(err)
	}
	v.checkNoLeftovers()
	v.checkFileSystem()
}

// supervisorPID returns the process ID in host.json.
func (v *testVM) supervisorPID() int {
	v.t.Helper()
	var rec client.RunRecord
	if err := client.ReadRecord(v.spec.Dir.Supervisor(), &rec); err != nil {
		v.t.Fatal(err)
	}
	return rec.Supervisor.PID
}

// checkFileSystem checks the file system of a guest that was shut down.
func (v *testVM) checkFileSystem() {
	v.t.Helper()
	cmd := exec.Command("e2fsck", "-fn", v.spec.Dir.Disk())
	cmd.Env = append(os.Environ(), "PATH="+os.Getenv("PATH")+":/usr/sbin:/sbin")
	if out, err := cmd.CombinedOutput(); err != nil || strings.Contains(string(out), "recovering journal") {
		v.t.Errorf("the file system is not clean: %v\n%s", err, out)
	}
}

// fillGate is a file that keeps a supervisor from filling in the disk as long as it exists.
func fillGate(dir home.VMDir) string { return filepath.Join(string(dir), "gate") }

func (v *testVM) closeFillGate() {
	v.t.Helper()
	if err := os.WriteFile(fillGate(v.spec.Dir), nil, 0o600); err != nil {
		v.t.Fatal(err)
	}
}

func (v *testVM) openFillGate() {
	v.t.Helper()
	if err := os.Remove(fillGate(v.spec.Dir)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		v.t.Fatal(err)
	}
}

func awaitFillGate(ctx context.Context, dir home.VMDir) {
	for ctx.Err() == nil {
		if _, err := os.Stat(fillGate(dir)); err != nil {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// TestLazyDiskOfPausedGuest pauses the guest while its disk is being filled in and has a point in
// time. The disk settles after the point in time, and the guest stays paused.
func TestLazyDiskOfPausedGuest(t *testing.T) {
	t.Parallel()
	v := newLazyGuest(t, stageNone)
	v.closeFillGate()
	c := v.start()
	x := v.attach(c)
	x.expect(prompt)
	x.send("head -c 9000000 /dev/urandom >/root/noise; sync; echo written-$((40+2))")
	x.expect("written-42")
	want := x.checksums("before")
	if _, err := c.BeginPointInTime(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := c.Pause(t.Context()); err != nil {
		t.Fatal(err)
	}
	v.openFillGate()
	waitFor(t, "the disk is filled in", func() bool { return v.state(c).Fill.Done > 0 })
	if m, err := lazydisk.Read(v.spec.Dir.Disk()); err != nil || m == nil {
		t.Errorf("during a point in time the disk has the marker %v, %v; want one", m, err)
	}
	if err := c.EndPointInTime(t.Context()); err != nil {
		t.Fatal(err)
	}
	v.expectSettled(c)
	if s := v.state(c); s.State != client.Paused {
		t.Errorf("the guest is %s, want paused", s.State)
	}
	if err := c.Resume(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := x.checksums("after"); got != want {
		t.Errorf("checksums on the settled disk: got %q, want %q", got, want)
	}
	if err := c.Stop(t.Context(), client.StopRequest{Grace: patientGrace}, nil); err != nil {
		t.Fatal(err)
	}
	v.checkNoLeftovers()
	v.checkFileSystem()
}

// TestReplacedLazyDiskIsSaved replaces the disk by another file while it is being filled in. That
// file must not be changed, and the guest's disk must be saved with all that it needs.
func TestReplacedLazyDiskIsSaved(t *testing.T) {
	t.Parallel()
	v := newLazyGuest(t, stageNone)
	v.closeFillGate()
	c := v.start()
	x := v.attach(c)
	x.expect(prompt)
	dir := v.spec.Dir
	other, content := dir.Disk()+".other", "another disk"
	if err := errors.Join(os.WriteFile(other, []byte(content), 0o600), os.Rename(other, dir.Disk())); err != nil {
		t.Fatal(err)
	}
	v.openFillGate()
	waitFor(t, "filling in has failed", func() bool { return v.state(c).Fill.Problem.Code == client.FillFailed })
	if err := c.Stop(t.Context(), client.StopRequest{Grace: patientGrace}, nil); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(dir.Disk()); err != nil || string(got) != content {
		t.Errorf("the file that replaced the disk has %d bytes (%v), want them unchanged", len(got), err)
	}
	last, err := client.ReadLast(dir)
	if err != nil || last.ReplacedDisk.Code != client.ReplacedDiskSaved {
		t.Fatalf("last run: %+v, %v; want a saved disk", last, err)
	}
	m, err := lazydisk.Read(last.ReplacedDisk.Path)
	if err != nil || m == nil {
		t.Fatalf("marker of the saved disk: %v, %v; want one", m, err)
	}
	if err := lazydisk.Dir(dir.Filling()).Folder(*m).Check(); err != nil {
		t.Error(err)
	}
}

// TestSettlingGivesWay reserves the disk for a point in time while it settles.
func TestSettlingGivesWay(t *testing.T) {
	m := &machine{pointInTimeSlot: make(chan struct{}, 1)}
	m.pointInTimeSlot <- struct{}{}
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	if err := m.takeSettlingSlot(ctx, interrupt); err != nil {
		t.Fatal(err)
	}
	go func() {
		<-ctx.Done()
		m.returnSettlingSlot()
	}()
	if !m.takePointInTimeSlot(t.Context()) {
		t.Fatal("a settling does not give way to a point in time")
	}
	if m.trySettlingSlot(func() {}) {
		t.Error("settling during a point in time, want it to wait")
	}
	if m.takePointInTimeSlot(t.Context()) {
		t.Error("two points in time at once, want one")
	}
}

// TestStopWhileFilling stops the VM before its disk is filled in, and starts it again.
func TestStopWhileFilling(t *testing.T) {
	t.Parallel()
	v := newLazyGuest(t, stageNone)
	v.closeFillGate()
	c := v.start()
	x := v.attach(c)
	x.expect(prompt)
	x.send("head -c 9000000 /dev/urandom >/root/noise; sync; echo written-$((40+2))")
	x.expect("written-42")
	want := x.checksums("before")
	if err := c.Stop(t.Context(), client.StopRequest{Grace: patientGrace}, nil); err != nil {
		t.Fatal(err)
	}
	v.checkNoLeftovers()
	if m, err := lazydisk.Read(v.spec.Dir.Disk()); err != nil || m == nil {
		t.Fatalf("the disk of the stopped VM has the marker %v, %v; want one", m, err)
	}
	v.openFillGate()
	c = v.start()
	x = v.attach(c)
	x.expect(prompt)
	v.expectSettled(c)
	if got := x.checksums("after"); got != want {
		t.Errorf("checksums after another start: got %q, want %q", got, want)
	}
	if err := c.Stop(t.Context(), client.StopRequest{Grace: patientGrace}, nil); err != nil {
		t.Fatal(err)
	}
	v.checkNoLeftovers()
	v.checkFileSystem()
}

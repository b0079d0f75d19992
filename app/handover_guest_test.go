package app

import (
	"compress/gzip"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"vmterminal/app/job"
	"vmterminal/assets/guest"
	"vmterminal/snapshot"
	"vmterminal/snapshot/durable"
	"vmterminal/vm"
	"vmterminal/vm/home"
	"vmterminal/vm/qemu"
	"vmterminal/vm/supervisor/client"
)

// envJob is an environment variable with the path of a file. It makes the test binary take a
// snapshot of the VM dev, whose hand-over never ends, and create the file when it has begun to
// read.
const envJob = "VMTERMINAL_TEST_JOB"

// TestMain also runs the test binary as a supervisor or as a job in another process.
func TestMain(m *testing.M) {
	if len(os.Args) == 4 && os.Args[1] == SupervisorCommand {
		if err := guestService(os.Getenv(home.EnvVar)).RunSupervisor(context.Background(), os.Args[3], "", false); err != nil {
			os.Exit(1)
		}
		os.Exit(0)
	}
	if path, ok := os.LookupEnv(envJob); ok {
		fmt.Fprintln(os.Stderr, runStuckJob(guestService(os.Getenv(home.EnvVar)), path))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// guestService returns a Service that can run the built-in guest.
func guestService(root string) *Service {
	program, _ := os.Executable()
	return New(Options{Home: home.Dir(root), Program: program, Guest: BuiltinGuest{
		WriteDisk: guest.WriteDisk, Kernel: guest.KernelFile, CommandLine: guest.CommandLine,
	}})
}

func runStuckJob(s *Service, path string) error {
	ctx := context.Background()
	open := func(ctx context.Context, e vm.Entry, activity durable.Activity, m job.Meter) (snapshotSource, error) {
		src, err := s.openSource(ctx, e, activity, m)
		if err != nil {
			return src, err
		}
		disk := src.source.(*stoppedDisk)
		disk.openPreserved = func(ctx context.Context) (snapshotSource, error) {
			<-ctx.Done()
			return snapshotSource{}, ctx.Err()
		}
		src.source = newSlowDisk(disk, func() error { return os.WriteFile(path, nil, durable.FileMode) })
		return src, nil
	}
	_, err := takeSnapshotOf(ctx, s, "stuck", open)
	return err
}

// slowDisk is a disk that returns some data and then stops until goOn is closed.
type slowDisk struct {
	snapshot.StoppedSource
	goOn  chan struct{}
	reads atomic.Int64
	// onStop is called once when the disk stops.
	onStop func() error
}

func newSlowDisk(disk snapshot.StoppedSource, onStop func() error) *slowDisk {
	return &slowDisk{StoppedSource: disk, goOn: make(chan struct{}), onStop: onStop}
}

func (d *slowDisk) ReadAt(p []byte, off int64) (int, error) {
	switch n := d.reads.Add(1); {
	case n == 5:
		if err := d.onStop(); err != nil {
			return 0, err
		}
		<-d.goOn
	case n > 5:
		<-d.goOn
	}
	return d.StoppedSource.ReadAt(p, off)
}

func takeSnapshotOf(ctx context.Context, s *Service, name string, open sourceFunc) (createdSnapshot, error) {
	e, err := s.entry("dev")
	if err != nil {
		return createdSnapshot{}, err
	}
	store := snapshot.Open(SnapshotPaths(s.vms.Dir("dev")))
	return s.createSnapshot(ctx, e, store, snapshot.Request{Name: name, VM: "dev", Created: s.now()}, open, job.NewDiscardMeter())
}

// Part of a guest's disk that is filled with noise before the guest has extended its file system
// to it, in bytes.
const noiseStart, noiseSize = 96 << 20, 96 << 20

// stoppedGuest creates a stopped VM dev with the built-in guest, and returns the SHA-256 of its
// disk.
func stoppedGuest(t *testing.T) (s *Service, sum string) {
	t.Helper()
	root, err := os.MkdirTemp("", "vmt") // t.TempDir is too long for sockets
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(root) })
	t.Setenv(home.EnvVar, root)
	s = guestService(root)
	if _, err := s.CreateVM(t.Context(), NewVM{Name: "dev", CPUs: 1, MemoryMB: 160, DiskSizeMB: 256, Accel: qemu.TCG}); err != nil {
		t.Fatal(err)
	}
	disk, err := os.OpenFile(s.vms.Dir("dev").Disk(), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer disk.Close()
	noise := io.LimitReader(rand.NewChaCha8([32]byte{}), noiseSize)
	if _, err := io.Copy(io.NewOffsetWriter(disk, noiseStart), noise); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		err := s.Stop(context.WithoutCancel(t.Context()), "dev", StopOptions{Force: true}, nil)
		if err != nil && !errors.Is(err, ErrStopped) {
			t.Error(err)
		}
		if log, _ := os.ReadFile(s.vms.Dir("dev").SupervisorLog()); t.Failed() {
			t.Logf("host.log: %s", log)
		}
	})
	return s, sha256Of(t, io.NewSectionReader(disk, 0, 1<<40))
}

func sha256Of(t *testing.T, r io.Reader) string {
	t.Helper()
	h := sha256.New()
	if _, err := io.Copy(h, r); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%x", h.Sum(nil))
}

// checkContents checks that a snapshot is labeled as stopped and decompresses to a disk with
// that SHA-256.
func checkContents(t *testing.T, s *Service, name, want string) {
	t.Helper()
	f, err := os.Open(snapshot.File(s.vms.Dir("dev").Snapshots(), name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	if got := sha256Of(t, z); got != want {
		t.Errorf("snapshot %s: got a disk with SHA-256 %s, want that of the stopped VM, %s", name, got, want)
	}
	if info, err := s.Snapshot(t.Context(), "dev", name); err != nil || string(info.Taken) != string(snapshot.TakenStopped) {
		t.Errorf("snapshot %s: got taken %q, error %v, want %q", name, info.Taken, err, snapshot.TakenStopped)
	}
}

// waitPointInTimeRemoved waits until the supervisor has removed the preserved disk.
func waitPointInTimeRemoved(t *testing.T, s *Service) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; {
		st, err := s.supervisorState(t.Context(), "dev")
		if err != nil {
			t.Fatal(err)
		}
		_, err = os.Lstat(s.vms.Dir("dev").Fleece())
		if !st.PointInTime && errors.Is(err, fs.ErrNotExist) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the preserved disk was not removed: point in time %v, fleece %v", st.PointInTime, err)
		}
		if err := sleep(t.Context(), 10*time.Millisecond); err != nil {
			t.Fatal(err)
		}
	}
}

// waitShell waits until the guest runs commands.
func waitShell(t *testing.T, s *Service) {
	t.Helper()
	deadline := time.Now().Add(guestLimit)
	for {
		exit, err := s.Exec(t.Context(), "dev", GuestCommand{Args: []string{"true"}})
		if err == nil && exit == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the guest does not answer: exit code %d, error %v", exit, err)
		}
		if err := sleep(t.Context(), 50*time.Millisecond); err != nil {
			t.Fatal(err)
		}
	}
}

// snapshotResult is the result of a snapshot in another goroutine.
type snapshotResult struct {
	createdSnapshot
	err error
}

// startSlowSnapshot takes a snapshot that stops in the middle until goOn is closed.
func startSlowSnapshot(ctx context.Context, t *testing.T, s *Service, name string) (result <-chan snapshotResult, goOn chan<- struct{}) {
	t.Helper()
	stopped, done := make(chan struct{}), make(chan snapshotResult, 1)
	slow := newSlowDisk(nil, func() error { close(stopped); return nil })
	open := func(ctx context.Context, e vm.Entry, activity durable.Activity, m job.Meter) (snapshotSource, error) {
		src, err := s.openSource(ctx, e, activity, m)
		if err == nil {
			slow.StoppedSource = src.source.(*stoppedDisk)
			src.source = slow
		}
		return src, err
	}
	go func() {
		created, err := takeSnapshotOf(ctx, s, name, open)
		done <- snapshotResult{created, err}
	}()
	select {
	case <-stopped:
	case r := <-done:
		t.Fatalf("the snapshot ended early: %v", r.err)
	}
	return done, slow.goOn
}

// The guest overwrites the disk while the snapshot of the stopped VM is read.
func TestStartDuringSnapshot(t *testing.T) {
	s, sum := stoppedGuest(t)
	result, goOn := startSlowSnapshot(t.Context(), t, s, "before")
	if err := s.Start(t.Context(), "dev", StartOptions{}); err != nil {
		t.Fatal(err)
	}
	waitShell(t, s)
	fill := GuestCommand{Args: []string{"sh", "-c", "dd if=/dev/zero bs=1M count=140 | tr '\\0' x >/root/fill; sync"}}
	if exit, err := s.Exec(t.Context(), "dev", fill); err != nil || exit != 0 {
		t.Fatalf("fill the disk: got exit code %d, error %v, want 0", exit, err)
	}
	disk, err := os.Open(s.vms.Dir("dev").Disk())
	if err != nil {
		t.Fatal(err)
	}
	defer disk.Close()
	noise := sha256Of(t, io.LimitReader(rand.NewChaCha8([32]byte{}), noiseSize))
	if sha256Of(t, io.NewSectionReader(disk, noiseStart, noiseSize)) == noise {
		t.Fatal("the guest did not overwrite the data that the snapshot has to contain")
	}
	select {
	case r := <-result:
		t.Fatalf("the snapshot ended before the guest's shell was ready: %v", r.err)
	default:
	}
	close(goOn)
	if r := <-result; r.err != nil || r.notFrozen != "" {
		t.Fatalf("snapshot: got error %v, not frozen: %q, want neither", r.err, r.notFrozen)
	}
	checkContents(t, s, "before", sum)
	waitPointInTimeRemoved(t, s)

	// The guest's changes have been recorded since.
	if next, err := takeSnapshotOf(t.Context(), s, "after", s.openSource); err != nil || next.Unread == 0 {
		t.Errorf("next snapshot: got %d bytes that were not read, error %v, want some", next.Unread, err)
	}
	if err := waitJob(s.VerifySnapshot(t.Context(), "dev", "after", false)); err != nil {
		t.Error(err)
	}
}

// A VM that does not start leaves the disk to the snapshot.
func TestFailedStartDuringSnapshot(t *testing.T) {
	s, sum := stoppedGuest(t)
	result, goOn := startSlowSnapshot(t.Context(), t, s, "before")
	path := os.Getenv("PATH")
	t.Setenv("PATH", t.TempDir())
	if err := s.Start(t.Context(), "dev", StartOptions{}); !errors.Is(err, qemu.ErrNoQEMU) {
		t.Errorf("start without QEMU: got error %v, want %v", err, qemu.ErrNoQEMU)
	}
	t.Setenv("PATH", path)
	start := time.Now()
	close(goOn)
	if r := <-result; r.err != nil {
		t.Fatal(r.err)
	}
	if took := time.Since(start); took >= startTimeout {
		t.Errorf("the snapshot took %v after the start had failed, as if it had waited for the VM", took)
	}
	checkContents(t, s, "before", sum)
}

// A snapshot that is canceled after the VM was started leaves nothing behind.
func TestCancelAfterStartDuringSnapshot(t *testing.T) {
	s, _ := stoppedGuest(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	result, goOn := startSlowSnapshot(ctx, t, s, "canceled")
	if err := s.Start(t.Context(), "dev", StartOptions{}); err != nil {
		t.Fatal(err)
	}
	cancel()
	close(goOn)
	if r := <-result; !errors.Is(r.err, context.Canceled) {
		t.Errorf("snapshot: got error %v, want %v", r.err, context.Canceled)
	}
	waitPointInTimeRemoved(t, s)
	files, err := os.ReadDir(s.vms.Dir("dev").Snapshots())
	if err != nil || len(files) != 0 {
		t.Errorf("files of snapshots: got %v, error %v, want none", files, err)
	}
	if st, err := s.supervisorState(t.Context(), "dev"); err != nil || st.State != client.Running {
		t.Errorf("VM: got %+v, error %v, want it running", st, err)
	}
}

// If the job is killed after it has let the VM start, the VM runs and nothing is left behind.
func TestJobKilledDuringStart(t *testing.T) {
	s, _ := stoppedGuest(t)
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	reading := filepath.Join(t.TempDir(), "reading")
	stuck := exec.CommandContext(t.Context(), exe, "-test.run=^$")
	stuck.Env, stuck.Stderr = append(os.Environ(), envJob+"="+reading), os.Stderr
	if err := stuck.Start(); err != nil {
		t.Fatal(err)
	}
	killed := false
	defer func() {
		if !killed {
			_ = stuck.Process.Kill()
			_ = stuck.Wait()
		}
	}()
	for _, err := os.Stat(reading); err != nil; _, err = os.Stat(reading) {
		if err := sleep(t.Context(), 10*time.Millisecond); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Start(t.Context(), "dev", StartOptions{}); err != nil {
		t.Fatal(err)
	}
	if st, err := s.supervisorState(t.Context(), "dev"); err != nil || !st.PointInTime || st.State != client.Running {
		t.Errorf("VM after its start: got %+v, error %v, want it running with a preserved disk", st, err)
	}
	_ = stuck.Process.Kill()
	_ = stuck.Wait()
	killed = true
	waitPointInTimeRemoved(t, s)
	waitShell(t, s)
	list, err := s.Snapshots(t.Context(), "dev")
	if err != nil || len(list.Snapshots) != 0 {
		t.Errorf("snapshots: got %+v, error %v, want none", list.Snapshots, err)
	}
	if _, err := takeSnapshotOf(t.Context(), s, "next", s.openSource); err != nil {
		t.Errorf("snapshot of the running VM: %v", err)
	}
	entries, err := filepath.Glob(filepath.Join(string(s.vms.Dir("dev")), "job.*"))
	if err != nil || len(entries) != 1 {
		t.Errorf("files of jobs: got %v, error %v, want the lock only", entries, err)
	}
}

package app

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"vmterminal/app/problem"
	"vmterminal/snapshot/durable"
	"vmterminal/vm"
	"vmterminal/vm/home"
	"vmterminal/vm/qemu"
	"vmterminal/vm/supervisor/client"
)

// vmWithUndo returns a Service and the folder of its stopped VM "past", which has a snapshot
// and an undo disk.
func vmWithUndo(t *testing.T) (*Service, home.VMDir) {
	t.Helper()
	s, _, _ := vmWithFakeSupervisor(t)
	v := vm.Defaults("past")
	err := s.vms.Create(v, vm.FillDisk(func(f *os.File) error {
		_, err := f.Write([]byte(strings.Repeat("the first disk. ", 1<<16)))
		return err
	}))
	if err != nil {
		t.Fatal(err)
	}
	dir := s.vms.Dir(v.Name)
	err = waitJob(s.CreateSnapshot(t.Context(), v.Name, NewSnapshot{Name: "a"}))
	if err == nil {
		err = os.WriteFile(dir.Disk(), []byte(strings.Repeat("the second disk.", 1<<16)), durable.FileMode)
	}
	if err == nil {
		err = waitJob(s.RestoreSnapshot(t.Context(), v.Name, "a", RestoreOptions{}))
	}
	if err != nil {
		t.Fatal(err)
	}
	return s, dir
}

// operationsOnDisk returns the operations that must be refused while the disk is in use.
func operationsOnDisk(ctx context.Context, s *Service) map[string]func() error {
	return map[string]func() error{
		"restore":          func() error { return waitJob(s.RestoreSnapshot(ctx, "past", "a", RestoreOptions{})) },
		"undo":             func() error { return waitJob(s.UndoRestore(ctx, "past", RestoreOptions{})) },
		"delete":           func() error { return s.DeleteVM(ctx, "past", false) },
		"delete with data": func() error { return s.DeleteVM(ctx, "past", true) },
		"start":            func() error { return s.Start(ctx, "past", StartOptions{}) },
	}
}

// checkDiskIsProtected checks that each of operationsOnDisk fails with want and
// problem.ExitState, and that it leaves the disk unchanged.
func checkDiskIsProtected(t *testing.T, s *Service, dir home.VMDir, want error) {
	t.Helper()
	content, file := readDisk(t, dir)
	for name, operation := range operationsOnDisk(t.Context(), s) {
		if err := operation(); !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", name, err, want)
		} else if p := Explain(err); p.Exit != problem.ExitState || p.Code == problem.Unknown {
			t.Errorf("%s: got %+v, want exit code %d and a problem code", name, p, problem.ExitState)
		}
		if now, nowFile := readDisk(t, dir); now != content || !os.SameFile(nowFile, file) {
			t.Fatalf("%s: the disk in use was changed", name)
		}
	}
}

func readDisk(t *testing.T, dir home.VMDir) (content string, file os.FileInfo) {
	t.Helper()
	b, err := os.ReadFile(dir.Disk())
	if err == nil {
		file, err = os.Stat(dir.Disk())
	}
	if err != nil {
		t.Fatal(err)
	}
	return string(b), file
}

func TestDiskOfRunningVMIsNotChanged(t *testing.T) {
	s, dir := vmWithUndo(t)
	lock, err := durable.TryLock(dir.Lock(), durable.Activity{Code: client.ActivityRun})
	if err != nil {
		t.Fatal(err)
	}
	checkDiskIsProtected(t, s, dir, ErrRunning)
	if err := lock.Close(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"restore", "undo", "delete"} {
		if err := operationsOnDisk(t.Context(), s)[name](); err != nil {
			t.Errorf("%s of a stopped VM: got %v, want no error", name, err)
		}
	}
}

func TestRunningVMOfEarlierVersion(t *testing.T) {
	s := serviceWithDisk(t, []byte("disk"))
	path := s.vms.Dir("dev").Lock()
	lock, err := durable.TryLock(path, durable.Activity{})
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	for doing, want := range map[string]bool{"running the VM": true, "taking snapshot 'x'": false} {
		if err := os.WriteFile(path, []byte(`{"pid":7,"doing":"`+doing+`","since":"2026-11-28T10:00:00Z"}`), durable.FileMode); err != nil {
			t.Fatal(err)
		}
		_, err := s.lockDisk(t.Context(), "dev", durable.Activity{})
		if got := errors.Is(err, ErrRunning); got != want || err == nil {
			t.Errorf("%s: got error %v, want ErrRunning = %v", doing, err, want)
		}
	}
}

// startForeignQEMU starts QEMU on a disk without VMTerminal. up reports whether QEMU started;
// end stops it and returns its error output.
func startForeignQEMU(t *testing.T, disk string) (up bool, end func() string) {
	t.Helper()
	program, _, err := qemu.Find()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "-M", "pc,accel=tcg", "-m", "16", "-nodefaults", "-display", "none", "-S",
		"-qmp", "stdio", "-drive", "if=virtio,format=raw,file="+disk)
	var said strings.Builder
	cmd.Stderr = &said
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	end = func() string {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		return said.String()
	}
	t.Cleanup(func() { _ = end() })
	line := bufio.NewReader(out)
	if _, err := line.ReadString('\n'); err != nil {
		return false, end
	}
	if _, err := io.WriteString(in, `{"execute":"qmp_capabilities"}`+"\n"); err != nil {
		return false, end
	}
	_, err = line.ReadString('\n')
	return err == nil, end
}

func TestForeignQEMU(t *testing.T) {
	s, dir := vmWithUndo(t)
	up, end := startForeignQEMU(t, dir.Disk())
	if !up {
		t.Fatal(end())
	}
	checkDiskIsProtected(t, s, dir, qemu.ErrDiskInUse)
	job, err := s.CreateSnapshot(t.Context(), "past", NewSnapshot{Name: "b"})
	if err != nil {
		t.Fatal(err)
	}
	if err := job.Wait(t.Context()); !errors.Is(err, qemu.ErrDiskInUse) {
		t.Errorf("snapshot of a disk in use: got %v, want %v", err, qemu.ErrDiskInUse)
	}
	_ = end()
	hold, err := s.lockStoppedVM(t.Context(), "past", durable.Activity{Code: "testing"})
	if err != nil {
		t.Fatal("lock after QEMU exited: ", err)
	}
	if up, end := startForeignQEMU(t, dir.Disk()); up || !strings.Contains(end(), "lock") {
		t.Errorf("foreign QEMU on a locked disk: got started %v, output %q, want a lock error", up, end())
	}
	hold.release()
	for _, name := range []string{"restore", "undo", "delete"} {
		if err := operationsOnDisk(t.Context(), s)[name](); err != nil {
			t.Errorf("%s: got %v, want no error", name, err)
		}
	}
}

// attachLoop attaches a loop device to a file until detach is called.
func attachLoop(t *testing.T, file string, flags ...string) (detach func()) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("only root may attach loop devices")
	}
	device, err := exec.Command("losetup", append(flags, "--find", "--show", file)...).Output()
	if err != nil {
		t.Skip("loop devices are not available: ", err)
	}
	backing := filepath.Join("/sys/block", filepath.Base(strings.TrimSpace(string(device))), "loop/backing_file")
	attached, _ := os.ReadFile(backing)
	detach = sync.OnceFunc(func() {
		if out, err := exec.Command("losetup", "--detach", strings.TrimSpace(string(device))).CombinedOutput(); err != nil {
			t.Errorf("losetup: %v\n%s", err, out)
		}
		// A program that opens every new device, such as udev, delays the detaching.
		for deadline := time.Now().Add(guestLimit); ; time.Sleep(10 * time.Millisecond) {
			now, err := os.ReadFile(backing)
			if err != nil || !bytes.Equal(now, attached) {
				return
			}
			if time.Now().After(deadline) {
				t.Fatalf("%s is still attached to %s after %v", file, device, guestLimit)
			}
		}
	})
	t.Cleanup(detach)
	return detach
}

func TestDiskOnLoopDevice(t *testing.T) {
	s, dir := vmWithUndo(t)
	detach := attachLoop(t, dir.Disk())
	checkDiskIsProtected(t, s, dir, qemu.ErrDiskAttached)
	job, err := s.CreateSnapshot(t.Context(), "past", NewSnapshot{Name: "b"})
	if err != nil {
		t.Fatal(err)
	}
	if err := job.Wait(t.Context()); !errors.Is(err, qemu.ErrDiskAttached) {
		t.Errorf("snapshot of a disk on a loop device: got %v, want %v", err, qemu.ErrDiskAttached)
	}
	detach()
	detach = attachLoop(t, dir.Undo())
	if err := operationsOnDisk(t.Context(), s)["undo"](); !errors.Is(err, qemu.ErrDiskAttached) {
		t.Errorf("undo to a disk on a loop device: got %v, want %v", err, qemu.ErrDiskAttached)
	}
	detach()
	// A read-only loop device is harmless.
	_ = attachLoop(t, dir.Disk(), "--read-only")
	for _, name := range []string{"restore", "undo", "delete"} {
		if err := operationsOnDisk(t.Context(), s)[name](); err != nil {
			t.Errorf("%s: got %v, want no error", name, err)
		}
	}
}

// An undo disk that is used by a QEMU that was started without VMTerminal is not changed.
func TestForeignQEMUOnUndoDisk(t *testing.T) {
	s, dir := vmWithUndo(t)
	if err := operationsOnDisk(t.Context(), s)["restore"](); err != nil {
		t.Fatal(err)
	}
	up, end := startForeignQEMU(t, dir.Undo())
	if !up {
		t.Fatal(end())
	}
	kept, err := os.Stat(dir.Undo())
	if err != nil {
		t.Fatal(err)
	}
	operations := operationsOnDisk(t.Context(), s)
	operations["discard"] = func() error {
		_, err := s.DiscardUndo(t.Context(), "past")
		return err
	}
	for _, name := range []string{"restore", "undo", "discard"} {
		if err := operations[name](); !errors.Is(err, qemu.ErrDiskInUse) {
			t.Errorf("%s: got %v, want %v", name, err, qemu.ErrDiskInUse)
		}
	}
	if now, err := os.Stat(dir.Undo()); err != nil || !os.SameFile(now, kept) {
		t.Errorf("undo disk in use: got a different file or error %v, want the same file", err)
	}
	_ = end()
	for _, name := range []string{"undo", "restore", "discard"} {
		if err := operations[name](); err != nil {
			t.Errorf("%s after QEMU exited: got %v, want no error", name, err)
		}
	}
}

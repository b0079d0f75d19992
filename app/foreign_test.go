package app

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"

	"vmterminal/app/ondisk"
	"vmterminal/vm"
	"vmterminal/vm/host"
	"vmterminal/vm/qemu"
)

// hasPast is a stopped VM with a snapshot of another disk than its present one,
// and one to undo to.
func hasPast(t *testing.T) (*Service, ondisk.VMDir) {
	t.Helper()
	s, _, _ := startable(t)
	v := vm.Defaults("past")
	err := s.vms.Create(v, vm.Fill(func(f *os.File) error {
		_, err := f.Write([]byte(strings.Repeat("the first disk. ", 1<<16)))
		return err
	}))
	if err != nil {
		t.Fatal(err)
	}
	dir := s.vms.Dir(v.Name)
	for _, step := range []func() (*Job, error){
		func() (*Job, error) { return s.CreateSnapshot(t.Context(), v.Name, NewSnapshot{Name: "a"}) },
		func() (*Job, error) {
			if err := os.WriteFile(dir.Disk(), []byte(strings.Repeat("the second disk.", 1<<16)), ondisk.FileMode); err != nil {
				return nil, err
			}
			return s.RestoreSnapshot(t.Context(), v.Name, "a", RestoreOptions{})
		},
	} {
		job, err := step()
		if err == nil {
			err = job.Wait(t.Context())
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return s, dir
}

// disturbances are all that may not happen to a disk that is in use.
func disturbances(ctx context.Context, s *Service) map[string]func() error {
	done := func(job *Job, err error) error {
		if err != nil {
			return err
		}
		return job.Wait(ctx)
	}
	return map[string]func() error{
		"restore":          func() error { return done(s.RestoreSnapshot(ctx, "past", "a", RestoreOptions{})) },
		"undo":             func() error { return done(s.UndoRestore(ctx, "past", RestoreOptions{})) },
		"delete":           func() error { return s.DeleteVM(ctx, "past", false) },
		"delete with data": func() error { return s.DeleteVM(ctx, "past", true) },
		"start":            func() error { return s.Start(ctx, "past", StartOptions{}) },
	}
}

// undisturbed has each of them refused with that error and exit code 4, and the
// disk as it is.
func undisturbed(t *testing.T, s *Service, dir ondisk.VMDir, want error) {
	t.Helper()
	content, file := theDisk(t, dir)
	for name, disturb := range disturbances(t.Context(), s) {
		err := disturb()
		if p := Explain(err); !errors.Is(err, want) || p.Exit != ExitState || p.Hint == "" {
			t.Errorf("%s: %v, %+v", name, err, p)
		}
		if now, nowFile := theDisk(t, dir); now != content || !os.SameFile(nowFile, file) {
			t.Fatalf("%s: the disk in use was changed", name)
		}
	}
}

func theDisk(t *testing.T, dir ondisk.VMDir) (content string, file os.FileInfo) {
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

func TestRunningDiskIsLeftAlone(t *testing.T) {
	s, dir := hasPast(t)
	lock, err := ondisk.TryLock(dir.Lock(), host.Doing)
	if err != nil {
		t.Fatal(err)
	}
	undisturbed(t, s, dir, ErrRunning)
	if err := lock.Close(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"restore", "undo", "delete"} {
		if err := disturbances(t.Context(), s)[name](); err != nil {
			t.Errorf("%s of a stopped VM: %v", name, err)
		}
	}
}

// byHand starts a QEMU on a disk as somebody does who knows nothing of us, and
// returns what it said on its control line when it was up, or how it ended.
func byHand(t *testing.T, disk string) (up bool, end func() string) {
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
	s, dir := hasPast(t)
	up, end := byHand(t, dir.Disk())
	if !up {
		t.Fatal(end())
	}
	undisturbed(t, s, dir, qemu.ErrDiskInUse)
	job, err := s.CreateSnapshot(t.Context(), "past", NewSnapshot{Name: "b"})
	if err != nil {
		t.Fatal(err)
	}
	if err := job.Wait(t.Context()); !errors.Is(err, qemu.ErrDiskInUse) {
		t.Errorf("a snapshot of a disk that is being written to: %v", err)
	}
	_ = end()
	hold, err := s.holdStopped(t.Context(), "past", "testing")
	if err != nil {
		t.Fatal("when it has gone: ", err)
	}
	if up, end := byHand(t, dir.Disk()); up || !strings.Contains(end(), "lock") {
		t.Errorf("a QEMU starts by hand on a disk that is being changed: up %v, %s", up, end())
	}
	hold.release()
	for _, name := range []string{"restore", "undo", "delete"} {
		if err := disturbances(t.Context(), s)[name](); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestForeignQEMUOnWhatUndoKeeps has somebody look into the disk from before.
func TestForeignQEMUOnWhatUndoKeeps(t *testing.T) {
	s, dir := hasPast(t)
	if err := disturbances(t.Context(), s)["restore"](); err != nil {
		t.Fatal(err)
	}
	up, end := byHand(t, dir.Undo())
	if !up {
		t.Fatal(end())
	}
	kept, err := os.Stat(dir.Undo())
	if err != nil {
		t.Fatal(err)
	}
	disturb := disturbances(t.Context(), s)
	disturb["discard"] = func() error {
		_, err := s.DiscardUndo(t.Context(), "past")
		return err
	}
	for _, name := range []string{"restore", "undo", "discard"} {
		if err := disturb[name](); !errors.Is(err, qemu.ErrDiskInUse) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if now, err := os.Stat(dir.Undo()); err != nil || !os.SameFile(now, kept) {
		t.Error("the disk in use has gone from its place")
	}
	_ = end()
	for _, name := range []string{"undo", "restore", "discard"} {
		if err := disturb[name](); err != nil {
			t.Errorf("%s, when it has gone: %v", name, err)
		}
	}
}

package torture

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vmterminal/app"
	"vmterminal/app/job"
	"vmterminal/app/problem"
	"vmterminal/app/torture/usecase"
	"vmterminal/assets/guest"
	"vmterminal/vm/home"
	"vmterminal/vm/qemu"
)

// A startRace is a VM whose supervisor is this process, started while its disk is changed. Its guest
// finds no system on the disk and writes nothing.
type startRace struct {
	*app.Service
	dir     home.VMDir
	changes <-chan struct{}
}

func newStartRace(t *testing.T) *startRace {
	t.Helper()
	root := home.Dir(tortureDir(t))
	s := &startRace{dir: root.VM(usecase.VM), Service: app.New(app.Options{Home: root, Guest: app.BuiltinGuest{
		WriteDisk: func(_ context.Context, f *os.File, _ int64) error {
			return errors.Join(writeContent(f, "first"), f.Truncate(usecase.DiskSize))
		},
		Kernel: guest.KernelFile, CommandLine: guest.CommandLine,
	}})}
	s.changes = s.Changes(t.Context())
	t.Cleanup(func() { // even after a failure, leave no QEMU running
		_ = s.Stop(context.Background(), usecase.VM, app.StopOptions{Force: true}, nil)
	})
	_, err := s.CreateVM(t.Context(), app.NewVM{Name: usecase.VM, CPUs: 1, MemoryMB: 128, DiskSizeMB: usecase.DiskSize >> 20, Accel: qemu.TCG})
	if err == nil {
		err = waitJob(s.CreateSnapshot(t.Context(), usecase.VM, app.NewSnapshot{Name: "a"}))
	}
	if err != nil {
		t.Fatal(err)
	}
	s.writeSecondDisk(t)
	return s
}

func writeContent(f *os.File, name string) error {
	_, err := f.WriteAt(usecase.DiskContent(name), 0)
	return err
}

// writeSecondDisk gives the disk contents that differ from the snapshot's.
func (s *startRace) writeSecondDisk(t *testing.T) {
	t.Helper()
	f, err := os.OpenFile(s.dir.Disk(), os.O_WRONLY, 0)
	if err == nil {
		err = errors.Join(writeContent(f, "second"), f.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
}

func waitJob[T any](j *job.Job[T], err error) error {
	if err != nil {
		return err
	}
	return j.Wait(context.Background())
}

// diskContent returns the name of the current disk's contents: "first" or "second".
func (s *startRace) diskContent(t *testing.T) string {
	t.Helper()
	f, err := os.Open(s.dir.Disk())
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, name := range []string{"first", "second"} {
		want := usecase.DiskContent(name)
		b := make([]byte, len(want))
		if _, err := f.ReadAt(b, 0); err != nil {
			t.Fatal(err)
		}
		if bytes.Equal(b, want) {
			return name
		}
	}
	t.Fatal("the disk is neither the first nor the second")
	return ""
}

// startVM starts the VM and returns when it is running or the start has failed. end stops the
// VM if it is running.
func (s *startRace) startVM(t *testing.T) (end func(), err error) {
	t.Helper()
	exited := make(chan error, 1)
	go func() { exited <- s.RunSupervisor(context.Background(), usecase.VM, "", false) }()
	limit := time.After(liveTimeout)
	for {
		if now, err := s.VM(t.Context(), usecase.VM); err == nil && now.State == app.Running {
			return func() {
				if err := s.Stop(context.Background(), usecase.VM, app.StopOptions{Force: true}, nil); err != nil {
					t.Error(err)
				}
				if err := <-exited; err != nil {
					t.Error(err)
				}
			}, nil
		}
		select {
		case err := <-exited:
			return func() {}, err
		case <-s.changes:
		case <-limit:
			t.Fatalf("the VM neither runs nor fails within %v", liveTimeout)
		}
	}
}

// qemuDisks returns the disks that QEMU processes have open and that are now in the VM's
// folder.
func qemuDisks(t *testing.T, dir home.VMDir) (disks []os.FileInfo) {
	t.Helper()
	all, err := filepath.Glob("/proc/[0-9]*/fd/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range all {
		program, err := os.Readlink(filepath.Join(filepath.Dir(path), "../exe"))
		if err != nil || !strings.Contains(program, "qemu-system") {
			continue
		}
		name, err := os.Readlink(path)
		if err != nil || !strings.HasPrefix(name, string(dir)+"/") {
			continue
		}
		st, err := os.Stat(path)
		if err == nil && st.Size() == usecase.DiskSize {
			disks = append(disks, st)
		}
	}
	return disks
}

// TestRestoreDuringStart starts a VM while its disk is restored or the restore is undone. One of
// them may fail, but QEMU must never use a disk other than the VM's.
func TestRestoreDuringStart(t *testing.T) {
	s, rng := newStartRace(t), newRand(t)
	rounds, successes := 3, map[string]int{}
	if thorough {
		rounds = 60
	}
	for range rounds {
		now, change := "second", func() error { return waitJob(s.RestoreSnapshot(t.Context(), usecase.VM, "a", app.RestoreOptions{})) }
		if s.diskContent(t) == "first" {
			now, change = "first", func() error { return waitJob(s.UndoRestore(t.Context(), usecase.VM, app.RestoreOptions{})) }
		}
		changed := make(chan error, 1)
		// A start locks the VM at once; a change locks it only briefly, at its end.
		ahead := time.Duration(rng.IntN(150)-15) * time.Millisecond
		go func() {
			<-time.After(-ahead)
			changed <- change()
		}()
		<-time.After(ahead)
		end, startErr := s.startVM(t)
		changeErr := <-changed
		for what, err := range map[string]error{"start": startErr, "restore": changeErr} {
			if err == nil {
				successes[what]++
			} else if p := app.Explain(err); p.Exit != problem.ExitState {
				t.Errorf("%s: got exit code %d, want %d: %v", what, p.Exit, problem.ExitState, err)
			}
		}
		if startErr != nil && changeErr != nil {
			t.Errorf("both start and restore failed: %v; %v", startErr, changeErr)
		}
		if after := s.diskContent(t); (after != now) != (changeErr == nil) {
			t.Errorf("the disk was %q and is now %q, but the restore reported %v", now, after, changeErr)
		}
		if startErr == nil {
			s.checkDiskProtected(t)
		}
		end()
	}
	t.Logf("in %d rounds the VM ran %d times and the disk changed %d times", rounds, successes["start"], successes["restore"])
}

// checkDiskProtected tries to change the disk of the running VM, which must fail.
func (s *startRace) checkDiskProtected(t *testing.T) {
	t.Helper()
	disk, err := os.Stat(s.dir.Disk())
	if err != nil {
		t.Fatal(err)
	}
	for what, err := range map[string]error{
		"restore": waitJob(s.RestoreSnapshot(t.Context(), usecase.VM, "a", app.RestoreOptions{})),
		"delete":  s.DeleteVM(t.Context(), usecase.VM, true),
	} {
		if !errors.Is(err, app.ErrRunning) {
			t.Errorf("%s of a running VM: got %v, want ErrRunning", what, err)
		}
	}
	disks := qemuDisks(t, s.dir)
	if len(disks) == 0 {
		t.Error("no QEMU process has the disk open")
	}
	for _, st := range disks {
		if !os.SameFile(st, disk) {
			t.Error("QEMU has a file open that is not the VM's disk")
		}
	}
}

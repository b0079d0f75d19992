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
	"vmterminal/app/ondisk"
	"vmterminal/app/torture/usecase"
	"vmterminal/assets/guest"
	"vmterminal/vm/qemu"
)

// A starter is a VM that is started, by this process as its host process, while
// something else is done to its disk. Its guest finds no system on the disk, and
// writes nothing.
type starter struct {
	*app.Service
	dir     ondisk.VMDir
	changes <-chan struct{}
}

func newStarter(t *testing.T) *starter {
	t.Helper()
	home := ondisk.Home(lab(t))
	s := &starter{dir: home.VM(usecase.VM), Service: app.New(app.Options{Home: home, Guest: app.BuiltinGuest{
		WriteDisk: func(_ context.Context, f *os.File, _ int64) error {
			return errors.Join(writeAt(f, "first"), f.Truncate(usecase.DiskSize))
		},
		Kernel: guest.KernelFile, CommandLine: guest.CommandLine,
	}})}
	s.changes = s.Changes(t.Context())
	t.Cleanup(func() { // whatever went wrong, no QEMU stays behind
		_ = s.Stop(context.Background(), usecase.VM, app.StopOptions{Force: true}, nil)
	})
	_, err := s.CreateVM(t.Context(), app.NewVM{Name: usecase.VM, CPUs: 1, MemoryMB: 128, DiskSizeMB: usecase.DiskSize >> 20, Accel: qemu.TCG})
	if err == nil {
		err = s.done(s.CreateSnapshot(t.Context(), usecase.VM, app.NewSnapshot{Name: "a"}))
	}
	if err != nil {
		t.Fatal(err)
	}
	s.second(t)
	return s
}

func writeAt(f *os.File, name string) error {
	_, err := f.WriteAt(usecase.Start(name), 0)
	return err
}

// second has the disk be another one than the snapshot's.
func (s *starter) second(t *testing.T) {
	t.Helper()
	f, err := os.OpenFile(s.dir.Disk(), os.O_WRONLY, 0)
	if err == nil {
		err = errors.Join(writeAt(f, "second"), f.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
}

func (s *starter) done(job *app.Job, err error) error {
	if err != nil {
		return err
	}
	return job.Wait(context.Background())
}

// holds tells which of the disks the present one is.
func (s *starter) holds(t *testing.T) string {
	t.Helper()
	f, err := os.Open(s.dir.Disk())
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, name := range []string{"first", "second"} {
		want := usecase.Start(name)
		b := make([]byte, len(want))
		if _, err := f.ReadAt(b, 0); err != nil {
			t.Fatal(err)
		}
		if bytes.Equal(b, want) {
			return name
		}
	}
	t.Fatal("the disk is neither of them")
	return ""
}

// run runs the VM. It returns when the VM runs, or the error when it cannot; end
// ends it, and does nothing if it does not run.
func (s *starter) run(t *testing.T) (end func(), err error) {
	t.Helper()
	left := make(chan error, 1)
	go func() { left <- s.RunHost(context.Background(), usecase.VM, "", false) }()
	limit := time.After(2 * time.Minute)
	for {
		if now, err := s.VM(t.Context(), usecase.VM); err == nil && now.State == app.Running {
			return func() {
				if err := s.Stop(context.Background(), usecase.VM, app.StopOptions{Force: true}, nil); err != nil {
					t.Error(err)
				}
				if err := <-left; err != nil {
					t.Error(err)
				}
			}, nil
		}
		select {
		case err := <-left:
			return func() {}, err
		case <-s.changes:
		case <-limit:
			t.Fatal("it neither runs nor fails")
		}
	}
}

// opened are the files that QEMUs have open of those in the VM's folder: their
// disks, whatever their names are by now.
func opened(t *testing.T, dir ondisk.VMDir) (disks []os.FileInfo) {
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

// TestRestoreAgainstStart starts a VM while its disk is restored, or while that
// is undone. One of them may be too late; never does a QEMU run on another disk
// than the VM's.
func TestRestoreAgainstStart(t *testing.T) {
	s, rng := newStarter(t), random(t)
	rounds, both := 3, map[string]int{}
	if thorough {
		rounds = 60
	}
	for range rounds {
		now, change := "second", func() error { return s.done(s.RestoreSnapshot(t.Context(), usecase.VM, "a", app.RestoreOptions{})) }
		if s.holds(t) == "first" {
			now, change = "first", func() error { return s.done(s.UndoRestore(t.Context(), usecase.VM, app.RestoreOptions{})) }
		}
		changed := make(chan error, 1)
		// A start has the lock at once; a change has it for a moment, at its end.
		ahead := time.Duration(rng.IntN(150)-15) * time.Millisecond
		go func() {
			<-time.After(-ahead)
			changed <- change()
		}()
		<-time.After(ahead)
		end, startErr := s.run(t)
		changeErr := <-changed
		for what, err := range map[string]error{"start": startErr, "restore": changeErr} {
			if err == nil {
				both[what]++
			} else if p := app.Explain(err); p.Exit != app.ExitState {
				t.Errorf("%s: exit code %d: %v", what, p.Exit, err)
			}
		}
		if startErr != nil && changeErr != nil {
			t.Errorf("neither: %v; %v", startErr, changeErr)
		}
		if after := s.holds(t); (after != now) != (changeErr == nil) {
			t.Errorf("the disk was %s and is %s (%v)", now, after, changeErr)
		}
		if startErr == nil {
			s.isLeftAlone(t)
		}
		end()
	}
	t.Logf("of %d times the VM ran %d, and the disk was changed %d", rounds, both["start"], both["restore"])
}

// isLeftAlone tries to change the disk of the running VM.
func (s *starter) isLeftAlone(t *testing.T) {
	t.Helper()
	disk, err := os.Stat(s.dir.Disk())
	if err != nil {
		t.Fatal(err)
	}
	for what, err := range map[string]error{
		"restore": s.done(s.RestoreSnapshot(t.Context(), usecase.VM, "a", app.RestoreOptions{})),
		"delete":  s.DeleteVM(t.Context(), usecase.VM, true),
	} {
		if !errors.Is(err, app.ErrRunning) {
			t.Errorf("%s of a running VM: %v", what, err)
		}
	}
	disks := opened(t, s.dir)
	if len(disks) == 0 {
		t.Error("no QEMU has the disk")
	}
	for _, st := range disks {
		if !os.SameFile(st, disk) {
			t.Error("QEMU runs on another disk than the VM's")
		}
	}
}

package qemu

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"vmterminal/snapshot/durable/lazydisk"
	"vmterminal/vm/qcow2"
)

var lazyMarker = lazydisk.Marker{ID: "ABCDEFGHIJKLMNOP", Size: diskSize, Kind: lazydisk.Raw}

// startLazyMachine runs a machine with a lazy disk whose source is filled with 0x11. The disk
// itself has the contents of the source, and a trailer.
func startLazyMachine(t *testing.T) (r *testVM, source []byte) {
	t.Helper()
	source = bytes.Repeat([]byte{0x11}, diskSize)
	r = startMachineWith(t, diskSize, "", func(m *Machine) {
		dir := filepath.Dir(m.Disk)
		m.Lazy = &LazyDisk{Overlay: filepath.Join(dir, "overlay.qcow2"), Image: filepath.Join(dir, "source"), ImageFormat: "raw"}
		f, err := os.Create(m.Disk)
		if err == nil {
			err = lazydisk.Write(f, lazyMarker)
		}
		if err == nil {
			_, err = f.WriteAt(source, 0)
		}
		if err := errors.Join(err, f.Close(), os.WriteFile(m.Lazy.Image, source, 0o600), qcow2.Create(m.Lazy.Overlay, diskSize)); err != nil {
			t.Fatal(err)
		}
	})
	return r, source
}

func (r *testVM) complete() error { return lazydisk.Complete(r.disk, lazyMarker) }

func (r *testVM) expectDrive(t *testing.T, want string) {
	t.Helper()
	if drive, err := queryDrive(t.Context(), r.client); err != nil || drive != want {
		t.Errorf("the guest's disk is %q, %v; want %q", drive, err, want)
	}
}

func TestSettle(t *testing.T) {
	r, disk := startLazyMachine(t)
	r.expectDrive(t, overlayNode)
	r.write(t, "write -P 0x22 1M 64k")
	r.write(t, "write -z 3M 64k")
	s, err := BeginSettling(t.Context(), r.client, r.disk, diskSize, "vmterminal-changes-1")
	if err == nil {
		err = s.WaitReady(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	r.write(t, "write -P 0x33 5M 64k")
	if _, _, err := s.Switch(t.Context(), "", r.complete); err != nil {
		t.Fatal(err)
	}
	r.expectDrive(t, diskNode)
	r.write(t, "write -P 0x44 7M 64k")
	for at, value := range map[int]byte{1 << 20: 0x22, 3 << 20: 0, 5 << 20: 0x33, 7 << 20: 0x44} {
		copy(disk[at:], bytes.Repeat([]byte{value}, 64<<10))
	}
	if got, err := os.ReadFile(r.disk); err != nil || !bytes.Equal(got, disk) {
		t.Errorf("the disk differs from what the guest wrote at byte %d (%v)", firstDifference(got, disk), err)
	}
	all, err := queryNodes(t.Context(), r.client)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{overlayNode, overlayFileNode, sourceNode, sourceFileNode} {
		if _, there := all[name]; there {
			t.Errorf("node %s remains", name)
		}
	}
	p, err := BeginPointInTime(t.Context(), r.client, r.options())
	if err != nil {
		t.Fatalf("point in time after settling: %v", err)
	}
	if err := p.End(t.Context()); err != nil {
		t.Error(err)
	}
	// The bitmap has what the guest wrote since the source, and nothing else.
	opt := r.options()
	opt.Since = "vmterminal-changes-1"
	p, err = BeginPointInTime(t.Context(), r.client, opt)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = p.End(t.Context()) }()
	changed, err := ReadChanges(t.Context(), p.Socket, p.Export, p.Changes)
	if err != nil || len(changed) != 4 || changed[0].Start != 1<<20 || changed[3].End != 8<<20 {
		t.Errorf("changes: %v, %v; want the four MiB that the guest wrote to", changed, err)
	}
}

// TestSettleWithoutCompletion fails to make the file an ordinary disk.
func TestSettleWithoutCompletion(t *testing.T) {
	r, disk := startLazyMachine(t)
	r.write(t, "write -P 0x22 1M 64k")
	s, err := BeginSettling(t.Context(), r.client, r.disk, diskSize, "vmterminal-changes-1")
	if err == nil {
		err = s.WaitReady(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	failed := errors.New("the disk is full")
	if _, _, err := s.Switch(t.Context(), "", func() error { return failed }); !errors.Is(err, failed) {
		t.Errorf("Switch: %v, want %v", err, failed)
	}
	if err := s.Cancel(); err != nil {
		t.Fatal(err)
	}
	r.expectDrive(t, overlayNode)
	r.write(t, "write -P 0x33 2M 64k")
	// A second attempt succeeds.
	s, err = BeginSettling(t.Context(), r.client, r.disk, diskSize, "vmterminal-changes-2")
	if err == nil {
		err = s.WaitReady(t.Context())
	}
	if err == nil {
		_, _, err = s.Switch(t.Context(), "", r.complete)
	}
	if err != nil {
		t.Fatal(err)
	}
	copy(disk[1<<20:], bytes.Repeat([]byte{0x22}, 64<<10))
	copy(disk[2<<20:], bytes.Repeat([]byte{0x33}, 64<<10))
	if got, err := os.ReadFile(r.disk); err != nil || !bytes.Equal(got, disk) {
		t.Errorf("the disk differs from what the guest wrote at byte %d (%v)", firstDifference(got, disk), err)
	}
}

// TestSettlingExcludesPointInTime has both orders: the one in progress refuses the other.
func TestSettlingExcludesPointInTime(t *testing.T) {
	r, _ := startLazyMachine(t)
	p, err := BeginPointInTime(t.Context(), r.client, r.options())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := BeginSettling(t.Context(), r.client, r.disk, diskSize, "vmterminal-changes-1"); !errors.Is(err, ErrInProgress) {
		t.Errorf("settling during a point in time: %v, want ErrInProgress", err)
	}
	if err := p.End(t.Context()); err != nil {
		t.Fatal(err)
	}
	s, err := BeginSettling(t.Context(), r.client, r.disk, diskSize, "vmterminal-changes-1")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := BeginPointInTime(t.Context(), r.client, r.options()); !errors.Is(err, ErrSettling) {
		t.Errorf("point in time while settling: %v, want ErrSettling", err)
	}
	if err := s.Cancel(); err != nil {
		t.Fatal(err)
	}
	if p, err = BeginPointInTime(t.Context(), r.client, r.options()); err != nil {
		t.Fatalf("point in time after canceling: %v", err)
	}
	if err := p.End(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestPointInTimeOfLazyDisk(t *testing.T) {
	r, old := startLazyMachine(t)
	r.write(t, "write -P 0x22 1M 64k")
	copy(old[1<<20:], bytes.Repeat([]byte{0x22}, 64<<10))
	p, err := BeginPointInTime(t.Context(), r.client, r.options())
	if err != nil {
		t.Fatal(err)
	}
	r.write(t, "write -P 0x33 512k 1M")
	got, err := readImage(t, p)
	if err != nil || !bytes.Equal(got, old) {
		t.Errorf("the point in time differs from the old disk at byte %d (%v)", firstDifference(got, old), err)
	}
	if err := p.End(t.Context()); err != nil {
		t.Error(err)
	}
	r.expectDrive(t, overlayNode)
}

// isRunning reports whether the guest is running.
func (r *testVM) isRunning(t *testing.T) bool {
	t.Helper()
	var status struct {
		Running bool `json:"running"`
	}
	if err := r.client.Do(t.Context(), "query-status", nil, &status); err != nil {
		t.Fatal(err)
	}
	return status.Running
}

// TestRecoverSettling stops after each step of a settling, as a supervisor that is killed, and
// recovers as the next one does. A guest must be running afterwards if and only if it was before.
func TestRecoverSettling(t *testing.T) {
	steps := []struct {
		name string
		do   func(*testVM, *Settling) error
	}{
		{"begun", func(*testVM, *Settling) error { return nil }},
		{"ready", func(_ *testVM, s *Settling) error { return s.WaitReady(t.Context()) }},
		{"paused", func(r *testVM, _ *Settling) error { return pauseForSwitch(t.Context(), r.client) }},
		{"switched", func(_ *testVM, s *Settling) error { return s.prepareSwitch(t.Context(), "") }},
		{"complete", func(r *testVM, _ *Settling) error { return r.complete() }},
		{"resumed", func(r *testVM, _ *Settling) error { return resumeAfterSwitch(t.Context(), r.client) }},
		{"done", func(r *testVM, _ *Settling) error { return removeLazyNodes(t.Context(), r.client) }},
	}
	for last, step := range steps {
		for _, running := range []bool{true, false} {
			name := step.name
			if !running {
				name += ", paused by the user"
			}
			t.Run(name, func(t *testing.T) {
				r, disk := startLazyMachine(t)
				r.write(t, "write -P 0x22 1M 64k")
				copy(disk[1<<20:], bytes.Repeat([]byte{0x22}, 64<<10))
				if running {
					if err := r.client.Do(t.Context(), "cont", nil, nil); err != nil {
						t.Fatal(err)
					}
				}
				s, err := BeginSettling(t.Context(), r.client, r.disk, diskSize, "vmterminal-changes-1")
				if err != nil {
					t.Fatal(err)
				}
				for i, step := range steps[:last+1] {
					if step.name == "paused" && last > i {
						continue // the next step does it
					}
					if err := step.do(r, s); err != nil {
						t.Fatal(err)
					}
				}
				marker, err := lazydisk.Read(r.disk)
				if err != nil {
					t.Fatal(err)
				}
				if marker == nil {
					if isLazy, err := FinishSettling(t.Context(), r.client); err != nil || isLazy {
						t.Fatalf("FinishSettling = %v, %v, want no lazy disk", isLazy, err)
					}
					r.expectDrive(t, diskNode)
				} else {
					if isLazy, err := CancelSettling(t.Context(), r.client); err != nil || !isLazy {
						t.Fatalf("CancelSettling = %v, %v, want a lazy disk", isLazy, err)
					}
					r.expectDrive(t, overlayNode)
				}
				if got := r.isRunning(t); got != running {
					t.Errorf("the guest is running: %v, want %v", got, running)
				}
				if marker != nil {
					s, err = BeginSettling(t.Context(), r.client, r.disk, diskSize, "vmterminal-changes-2")
					if err == nil {
						err = s.WaitReady(t.Context())
					}
					if err == nil {
						_, _, err = s.Switch(t.Context(), "", r.complete)
					}
					if err != nil {
						t.Fatal(err)
					}
				}
				if got, err := os.ReadFile(r.disk); err != nil || !bytes.Equal(got, disk) {
					t.Errorf("the disk differs from what the guest wrote at byte %d (%v)", firstDifference(got, disk), err)
				}
				if got := r.isRunning(t); got != running {
					t.Errorf("after settling the guest is running: %v, want %v", got, running)
				}
			})
		}
	}
}

// TestSwitchCannotBeReverted fails to resume the guest after the disk has become an ordinary one.
func TestSwitchCannotBeReverted(t *testing.T) {
	r, _ := startLazyMachine(t)
	if err := r.client.Do(t.Context(), "cont", nil, nil); err != nil {
		t.Fatal(err)
	}
	s, err := BeginSettling(t.Context(), r.client, r.disk, diskSize, "vmterminal-changes-1")
	if err == nil {
		err = s.WaitReady(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	switched, _, err := s.Switch(t.Context(), "", func() error {
		return errors.Join(r.complete(), r.client.Close())
	})
	if !switched || err == nil {
		t.Errorf("Switch = %v, %v, want a switched disk and an error", switched, err)
	}
}

// TestPointInTimeBesideRemainingOverlay takes a point in time after a switch whose supervisor was
// killed before it removed the overlay.
func TestPointInTimeBesideRemainingOverlay(t *testing.T) {
	r, _ := startLazyMachine(t)
	s, err := BeginSettling(t.Context(), r.client, r.disk, diskSize, "vmterminal-changes-1")
	if err == nil {
		err = s.WaitReady(t.Context())
	}
	if err == nil {
		err = s.prepareSwitch(t.Context(), "")
	}
	if err == nil {
		err = r.complete()
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := BeginPointInTime(t.Context(), r.client, r.options()); err != nil {
		t.Fatal(err)
	}
	if err := CleanPointInTime(t.Context(), r.client); err != nil {
		t.Fatal(err)
	}
	r.expectDrive(t, diskNode)
}

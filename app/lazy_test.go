package app

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"vmterminal/app/job"
	"vmterminal/app/problem"
	"vmterminal/snapshot"
	"vmterminal/snapshot/durable/lazydisk"
	"vmterminal/vm/home"
)

const lazyDiskSize = 64 << 20 // the minimum

// lazyVM is a stopped VM whose disk is lazy, and has writes of its guest.
type lazyVM struct {
	*Service
	t *testing.T
	// source is the disk of snapshot a, and disk is what the disk contains.
	source, disk []byte
}

// newLazyVM creates the VM, with the snapshots a, which its disk is filled from, and b.
func newLazyVM(t *testing.T) *lazyVM {
	t.Helper()
	content := make([]byte, lazyDiskSize)
	noise := rand.NewChaCha8([32]byte{1})
	_, _ = noise.Read(content[:3<<20+1000])
	_, _ = noise.Read(content[20<<20:][:1<<20])
	v := &lazyVM{Service: serviceWithDisk(t, content), t: t, source: bytes.Clone(content), disk: content}
	takeSnapshot(t, v.Service, "a")
	f, err := os.OpenFile(v.dir().Disk(), os.O_WRONLY, 0)
	if err == nil {
		_, err = f.WriteAt([]byte("other"), 40<<20)
	}
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
	takeSnapshot(t, v.Service, "b")
	v.must(waitJob(v.RestoreSnapshot(t.Context(), "dev", "a", RestoreOptions{Lazy: true})))
	v.write(0x11, 1<<20, 64<<10)
	v.write(0x22, 50<<20, 128<<10)
	v.write(0, 20<<20, 512<<10)
	return v
}

func (v *lazyVM) dir() home.VMDir { return v.vms.Dir("dev") }

func (v *lazyVM) must(err error) {
	v.t.Helper()
	if err != nil {
		v.t.Fatal(err)
	}
}

// marker returns the marker of the lazy disk at path.
func (v *lazyVM) marker(path string) lazydisk.Marker {
	v.t.Helper()
	m, err := lazydisk.Read(path)
	if err != nil || m == nil {
		v.t.Fatalf("marker of %s: %v, %v, want one", path, m, err)
	}
	return *m
}

// write changes whole clusters of the overlay, as QEMU does when the guest writes.
func (v *lazyVM) write(value byte, at, n int) {
	v.t.Helper()
	overlay := lazydisk.Dir(v.dir().Filling()).Folder(v.marker(v.dir().Disk())).Overlay()
	out, err := exec.Command("qemu-io", "-f", "qcow2", "-c", fmt.Sprintf("write -P %d %d %d", value, at, n), overlay).CombinedOutput()
	if err != nil {
		v.t.Fatalf("qemu-io: %v\n%s", err, out)
	}
	copy(v.disk[at:at+n], bytes.Repeat([]byte{value}, n))
}

// expectDisk checks that a disk is complete and has the expected contents, followed by zeros.
func (v *lazyVM) expectDisk(path string) {
	v.t.Helper()
	got, err := os.ReadFile(path)
	if err != nil {
		v.t.Fatal(err)
	}
	rest := got[min(len(got), len(v.disk)):]
	if !bytes.Equal(got[:len(got)-len(rest)], v.disk) || len(bytes.Trim(rest, "\x00")) > 0 {
		v.t.Errorf("%s (%d bytes) is not the snapshot's disk with the guest's writes (%d bytes)", path, len(got), len(v.disk))
	}
}

func (v *lazyVM) expectNoFilling(dir home.VMDir) {
	v.t.Helper()
	if _, err := os.Lstat(dir.Filling()); !errors.Is(err, fs.ErrNotExist) {
		v.t.Errorf("%s remains: %v", dir.Filling(), err)
	}
}

// completeBySnapshot takes a snapshot, which completes the disk, and checks both.
func (v *lazyVM) completeBySnapshot() {
	v.t.Helper()
	takeSnapshot(v.t, v.Service, "after")
	v.expectDisk(v.dir().Disk())
	v.expectNoFilling(v.dir())
	v.expectSnapshot("after")
}

func (v *lazyVM) expectSnapshot(name string) {
	v.t.Helper()
	v.must(waitJob(v.CloneSnapshot(v.t.Context(), "dev", name, NewVM{Name: "of-" + name})))
	v.expectDisk(v.vms.Dir("of-" + name).Disk())
}

func TestLazyDiskOfStoppedVM(t *testing.T) {
	tests := map[string]func(*lazyVM){
		"snapshot": (*lazyVM).completeBySnapshot,
		"delete the source": func(v *lazyVM) {
			v.must(v.DeleteSnapshot(t.Context(), "dev", "a"))
			v.completeBySnapshot()
		},
		"rename the source": func(v *lazyVM) {
			v.must(v.RenameSnapshot(t.Context(), "dev", "a", "c"))
			v.completeBySnapshot()
		},
		"rename the VM": func(v *lazyVM) {
			_, err := v.RenameVM(t.Context(), "dev", "other")
			v.must(err)
			v.must(waitJob(v.CreateSnapshot(t.Context(), "other", NewSnapshot{Name: "after"})))
			v.expectDisk(v.vms.Dir("other").Disk())
			v.expectNoFilling(v.vms.Dir("other"))
		},
		"clone": func(v *lazyVM) {
			v.must(waitJob(v.CloneVM(t.Context(), "dev", NewVM{Name: "clone"})))
			v.expectDisk(v.vms.Dir("clone").Disk())
			v.expectDisk(v.dir().Disk())
			v.expectNoFilling(v.vms.Dir("clone"))
			v.expectNoFilling(v.dir())
		},
		"grow": func(v *lazyVM) {
			mb := 2 * lazyDiskSize >> 20
			_, err := v.SetVM(t.Context(), "dev", VMSettings{DiskSizeMB: &mb})
			v.must(err)
			v.expectDisk(v.dir().Disk())
			v.expectNoFilling(v.dir())
		},
		"delete": func(v *lazyVM) {
			v.must(v.DeleteVM(t.Context(), "dev", true))
			if _, err := os.Lstat(string(v.dir())); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s remains: %v", v.dir(), err)
			}
		},
		"restore and undo": func(v *lazyVM) {
			v.must(waitJob(v.RestoreSnapshot(t.Context(), "dev", "b", RestoreOptions{})))
			v.marker(v.dir().Undo())
			v.must(waitJob(v.UndoRestore(t.Context(), "dev", RestoreOptions{})))
			v.completeBySnapshot()
		},
		"restore lazily and undo": func(v *lazyVM) {
			v.must(waitJob(v.RestoreSnapshot(t.Context(), "dev", "b", RestoreOptions{Lazy: true})))
			if undo, disk := v.marker(v.dir().Undo()), v.marker(v.dir().Disk()); undo.ID == disk.ID || undo.Name != "a" || disk.Name != "b" {
				t.Errorf("the undo disk is %+v and the disk %+v, want those of a and b", undo, disk)
			}
			v.must(waitJob(v.UndoRestore(t.Context(), "dev", RestoreOptions{})))
			v.discardUndo()
			v.completeBySnapshot()
		},
		"save the undo disk": func(v *lazyVM) {
			v.must(waitJob(v.RestoreSnapshot(t.Context(), "dev", "b", RestoreOptions{})))
			v.must(os.WriteFile(v.dir().Disk(), make([]byte, lazyDiskSize), 0o600)) // otherwise the undo disk is kept
			v.must(waitJob(v.RestoreSnapshot(t.Context(), "dev", "b", RestoreOptions{SaveUndo: "saved"})))
			v.expectSnapshot("saved")
		},
		"discard the undo disk": func(v *lazyVM) {
			v.must(waitJob(v.RestoreSnapshot(t.Context(), "dev", "b", RestoreOptions{})))
			v.discardUndo()
			v.expectNoFilling(v.dir())
		},
		"interrupted completion": func(v *lazyVM) {
			m := v.marker(v.dir().Disk())
			folder := lazydisk.Dir(v.dir().Filling()).Folder(m)
			source, err := openFiller(t.Context(), v.dir().Disk(), folder, m)
			v.must(err)
			v.must(source.Fill(t.Context(), job.NewDiscardMeter()))
			v.must(applyOverlay(t.Context(), folder.Overlay(), v.dir().Disk(), m))
			v.must(source.Close())
			v.completeBySnapshot()
		},
		"copied store": func(v *lazyVM) {
			to := filepath.Join(t.TempDir(), "copy")
			if out, err := exec.Command("cp", "-a", string(v.Home()), to).CombinedOutput(); err != nil {
				t.Fatalf("cp: %v\n%s", err, out)
			}
			v.must(os.RemoveAll(v.dir().Filling()))
			v.Service = New(Options{Home: home.Dir(to)})
			v.completeBySnapshot()
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) { test(newLazyVM(t)) })
	}
}

// TestLazyDiskIsLink has a disk that is a link to a file in another file system.
func TestLazyDiskIsLink(t *testing.T) {
	other, err := os.MkdirTemp("/dev/shm", "vmt")
	if err != nil {
		t.Skip(err)
	}
	defer os.RemoveAll(other)
	v := newLazyVM(t)
	v.must(waitJob(v.RestoreSnapshot(t.Context(), "dev", "b", RestoreOptions{})))
	v.discardUndo()
	disk := filepath.Join(other, "real.img")
	if out, err := exec.Command("mv", v.dir().Disk(), disk).CombinedOutput(); err != nil {
		t.Fatalf("mv: %v\n%s", err, out)
	}
	v.must(os.Symlink(disk, v.dir().Disk()))
	v.must(waitJob(v.RestoreSnapshot(t.Context(), "dev", "a", RestoreOptions{Lazy: true})))
	v.disk = v.source
	v.write(0x33, 5<<20, 64<<10)
	v.must(waitJob(v.RestoreSnapshot(t.Context(), "dev", "b", RestoreOptions{Lazy: true})))
	v.must(waitJob(v.UndoRestore(t.Context(), "dev", RestoreOptions{})))
	v.discardUndo()
	if name := v.marker(disk).Name; name != "a" {
		t.Errorf("the disk is filled from %q, want a", name)
	}
	v.completeBySnapshot()
	if st, err := os.Lstat(v.dir().Disk()); err != nil || st.Mode()&fs.ModeSymlink == 0 {
		t.Errorf("the link was replaced: %v, %v", st, err)
	}
}

// TestDamagedLazyDisk damages what a lazy disk needs. Its VM must not start, its disk must not be
// read, and restoring a snapshot must help.
func TestDamagedLazyDisk(t *testing.T) {
	tests := map[string]func(*lazyVM, lazydisk.Folder) error{
		"no overlay": func(_ *lazyVM, f lazydisk.Folder) error { return os.Remove(f.Overlay()) },
		"no source":  func(_ *lazyVM, f lazydisk.Folder) error { return os.Remove(f.Source()) },
		"no folder":  func(_ *lazyVM, f lazydisk.Folder) error { return os.RemoveAll(string(f)) },
		"cut source": func(_ *lazyVM, f lazydisk.Folder) error {
			return errors.Join(os.Remove(f.Index()), os.Truncate(f.Source(), 5000))
		},
		"trailer": func(v *lazyVM, _ lazydisk.Folder) error {
			disk, err := os.OpenFile(v.dir().Disk(), os.O_WRONLY, 0)
			if err == nil {
				_, err = disk.WriteAt([]byte("x"), lazyDiskSize+100)
			}
			return errors.Join(err, disk.Close())
		},
	}
	for name, damage := range tests {
		t.Run(name, func(t *testing.T) {
			v := newLazyVM(t)
			v.must(damage(v, lazydisk.Dir(v.dir().Filling()).Folder(v.marker(v.dir().Disk()))))
			if _, err := newLazyDisk(t.Context(), v.dir(), true); !errors.Is(err, lazydisk.ErrDamaged) {
				t.Errorf("start: %v, want lazydisk.ErrDamaged", err)
			}
			err := waitJob(v.CreateSnapshot(t.Context(), "dev", NewSnapshot{Name: "c"}))
			if p := Explain(err); p.Exit != problem.ExitDamaged {
				t.Errorf("snapshot: %v, exit code %d, want %d", err, p.Exit, problem.ExitDamaged)
			}
			v.must(waitJob(v.RestoreSnapshot(t.Context(), "dev", "b", RestoreOptions{})))
			takeSnapshot(t, v.Service, "works")
			if _, err := snapshot.OpenDisk(v.dir().Disk()); err != nil {
				t.Errorf("the restored disk: %v", err)
			}
			v.must(waitJob(v.UndoRestore(t.Context(), "dev", RestoreOptions{})))
			v.must(waitJob(v.UndoRestore(t.Context(), "dev", RestoreOptions{})))
		})
	}
}

func (v *lazyVM) discardUndo() {
	v.t.Helper()
	_, err := v.DiscardUndo(v.t.Context(), "dev")
	v.must(err)
}

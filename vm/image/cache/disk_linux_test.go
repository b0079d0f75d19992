package cache_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"vmterminal/snapshot/durable"
	"vmterminal/snapshot/durable/mounttest"
	"vmterminal/vm/home"
	"vmterminal/vm/image"
	"vmterminal/vm/image/cache"
	"vmterminal/vm/image/fetch"
)

// newStoreOn creates a store on a file system of the given kind, in a folder whose name contains glob
// characters.
func newStoreOn(t *testing.T, kind string) *cache.Store {
	t.Helper()
	root := filepath.Join(mounttest.Dir(t, kind, 400), "ro[o]t")
	if err := os.Mkdir(root, durable.DirMode); err != nil {
		t.Fatal(err)
	}
	return &cache.Store{Home: home.Dir(root), Client: fetch.Client{}}
}

// qcow2 returns the path of a qcow2 file with a disk of 8 MiB, and the disk's contents.
func qcow2(t *testing.T) (path string, content []byte) {
	t.Helper()
	content = make([]byte, 8<<20)
	copy(content, disk("one"))
	for i := range 2 << 20 { // data that does not compress well
		content[3<<20+i] = byte(i * i >> 7)
	}
	dir := t.TempDir()
	raw, path := filepath.Join(dir, "raw"), filepath.Join(dir, "image.qcow2")
	if err := os.WriteFile(raw, content, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("qemu-img", "convert", "-c", "-f", "raw", "-O", "qcow2", raw, path).CombinedOutput(); err != nil {
		t.Fatalf("got %v, want no error\n%s", err, out)
	}
	return path, content
}

func importFile(t *testing.T, s *cache.Store, path string) cache.Image {
	t.Helper()
	m, err := s.Import(t.Context(), "base", path, false, meter{})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// phases is a Progress that records the phases.
type phases struct {
	mu  sync.Mutex
	had []string
}

func (p *phases) Phase(name string, _ int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.had = append(p.had, name)
}
func (p *phases) Add(int64) {}

// writeDisk writes a disk from the image and returns its path.
func writeDisk(ctx context.Context, t *testing.T, s *cache.Store, opt image.Options) (string, error) {
	t.Helper()
	if opt.Progress == nil {
		opt.Progress = meter{}
	}
	f, err := os.CreateTemp(string(s.Home), "disk-*")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	size, err := s.WriteDisk(ctx, "base", f, opt)
	if st, _ := f.Stat(); err == nil && st.Size() != size {
		t.Errorf("WriteDisk = %d, want the file's size %d", size, st.Size())
	}
	return f.Name(), err
}

// checkDisk checks a file's contents and whether it shares blocks.
func checkDisk(t *testing.T, path string, content []byte, shares bool) {
	t.Helper()
	if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, content) {
		t.Errorf("the disk differs from the image: %d bytes, error %v", len(got), err)
	}
	if err := exec.Command("sync", path).Run(); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("filefrag", "-v", path).CombinedOutput()
	if err != nil || strings.Contains(string(out), "shared") != shares {
		t.Errorf("got shared blocks: %v, error %v\n%s", !shares, err, out)
	}
}

func TestDisksFromCompressedImageShareBlocks(t *testing.T) {
	for _, kind := range []string{"btrfs", "xfs"} {
		t.Run(kind, func(t *testing.T) {
			s := newStoreOn(t, kind)
			path, content := qcow2(t)
			m := importFile(t, s, path)
			if m, _ := s.Get("base"); m.Disk != "" {
				t.Error("got a cached disk before one was created")
			}
			first, second := &phases{}, &phases{}
			for _, p := range []*phases{first, second} {
				disk, err := writeDisk(t.Context(), t, s, image.Options{Progress: p})
				if err != nil {
					t.Fatal(err)
				}
				checkDisk(t, disk, content, true)
			}
			if !slices.Contains(first.had, image.PhaseConvert) || slices.Contains(second.had, image.PhaseConvert) {
				t.Errorf("got phases %q, then %q; want a conversion only the first time", first.had, second.had)
			}
			kept, err := s.Get("base")
			if err != nil || kept.Disk == "" {
				t.Fatalf("Get: got %+v, %v; want a cached disk", kept, err)
			}
			checkDisk(t, kept.Disk, content, true)
			checkFiles(t, s, m.Digest+".img", filepath.Base(kept.Disk), "image.json", "lock")

			// A disk that is smaller than the image's is rejected.
			if _, err := writeDisk(t.Context(), t, s, image.Options{MaxSize: 1 << 20}); !errors.Is(err, image.ErrTooLarge) {
				t.Errorf("WriteDisk with a small MaxSize: got error %v, want error %v", err, image.ErrTooLarge)
			}
			// Changing one disk does not change others.
			disk, err := writeDisk(t.Context(), t, s, image.Options{})
			if err == nil {
				err = corruptByte(disk, 4<<20)
			}
			if err != nil {
				t.Fatal(err)
			}
			checkDisk(t, kept.Disk, content, true)
			if _, err := s.Remove("base"); err != nil {
				t.Fatal(err)
			}
			checkFiles(t, s, "lock")
		})
	}
}

// corruptByte changes a byte of a file.
func corruptByte(path string, at int64) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = f.WriteAt([]byte("x"), at)
	return err
}

// No matter what happens to the cached disk, VMs get the image's contents.
func TestDamagedCachedDiskIsRewritten(t *testing.T) {
	s := newStoreOn(t, "xfs")
	path, content := qcow2(t)
	m := importFile(t, s, path)
	dir := s.Home.Image("base")
	for name, harm := range map[string]func(disk string) error{
		"one byte differs": func(disk string) error { return corruptByte(disk, 5000) },
		"data in a hole":   func(disk string) error { return corruptByte(disk, 2<<20) },
		"cut":              func(disk string) error { return os.Truncate(disk, 7<<20) },
		"longer":           func(disk string) error { return os.Truncate(disk, 9<<20) },
		"empty":            func(disk string) error { return os.Truncate(disk, 0) },
		"gone":             os.Remove,
		"under another's name": func(disk string) error {
			return os.Rename(disk, dir.Disk(m.Digest, strings.Repeat("0", 64)))
		},
		"of another image": func(disk string) error {
			return os.Rename(disk, dir.Disk(strings.Repeat("0", 64), "1"))
		},
		"half written": func(disk string) error {
			return errors.Join(os.Truncate(disk, 3<<20), os.Rename(disk, durable.TempName(dir.File(m.Digest))))
		},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := writeDisk(t.Context(), t, s, image.Options{}); err != nil {
				t.Fatal(err)
			}
			kept, err := s.Get("base")
			if err == nil {
				err = harm(kept.Disk)
			}
			if err != nil {
				t.Fatal(err)
			}
			p := &phases{}
			disk, err := writeDisk(t.Context(), t, s, image.Options{Progress: p})
			if err != nil {
				t.Fatal(err)
			}
			checkDisk(t, disk, content, true)
			if !slices.Contains(p.had, image.PhaseConvert) {
				t.Error("got no conversion after damage, want one")
			}
			checkFiles(t, s, m.Digest+".img", filepath.Base(kept.Disk), "image.json", "lock")
		})
	}
	// A changed image is rejected.
	if err := errors.Join(corruptByte(dir.File(m.Digest), m.Size-1), os.Remove(dir.Disk(m.Digest, digest(t, content)))); err != nil {
		t.Fatal(err)
	}
	if _, err := writeDisk(t.Context(), t, s, image.Options{}); !errors.Is(err, cache.ErrBroken) {
		t.Errorf("WriteDisk from a changed image: got error %v, want error %v", err, cache.ErrBroken)
	}
	checkFiles(t, s, m.Digest+".img", "image.json", "lock")
}

// digest returns the digest of a disk with the given contents and no holes.
func digest(t *testing.T, content []byte) string {
	t.Helper()
	f, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.Write(content); err != nil {
		t.Fatal(err)
	}
	sum, err := image.Digest(t.Context(), f, meter{})
	if err != nil {
		t.Fatal(err)
	}
	return sum
}

func TestConcurrentWriteDiskConvertsOnce(t *testing.T) {
	s := newStoreOn(t, "xfs")
	path, content := qcow2(t)
	importFile(t, s, path)
	p := &phases{}
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() {
			disk, err := writeDisk(t.Context(), t, s, image.Options{Progress: p})
			if err != nil {
				t.Error(err)
				return
			}
			checkDisk(t, disk, content, true)
		})
	}
	both.Wait()
	if n := strings.Count(strings.Join(p.had, "\n"), image.PhaseConvert); n != 1 {
		t.Errorf("converted %d times, want 1", n)
	}
}

func TestCanceledWriteDiskLeavesNothing(t *testing.T) {
	s := newStoreOn(t, "xfs")
	path, _ := qcow2(t)
	m := importFile(t, s, path)
	for _, phase := range []string{image.PhaseConvert, image.PhaseCheck} {
		ctx, cancel := context.WithCancel(t.Context())
		if _, err := writeDisk(ctx, t, s, image.Options{Progress: onPhase{phase, cancel}}); !errors.Is(err, context.Canceled) {
			t.Errorf("canceled at %q: got error %v, want error %v", phase, err, context.Canceled)
		}
		cancel()
		checkFiles(t, s, m.Digest+".img", "image.json", "lock")
	}
}

// onPhase is a Progress that calls do when a phase begins.
type onPhase struct {
	phase string
	do    func()
}

func (a onPhase) Phase(name string, _ int64) {
	if name == a.phase {
		a.do()
	}
}
func (onPhase) Add(int64) {}

// A newer image removes the cached disk of the older one.
func TestNewerImageReplacesCachedDisk(t *testing.T) {
	s := newStoreOn(t, "xfs")
	path, _ := qcow2(t)
	one, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	from := serve(t, one)
	for version, data := range map[string][]byte{"1": one, "2": append(bytes.Clone(one), make([]byte, 512)...)} {
		from.set(data, false)
		m, err := s.Download(t.Context(), from.offer(version, data), meter{})
		if err != nil {
			t.Fatal(err)
		}
		f, err := os.CreateTemp(string(s.Home), "disk-*")
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if _, err := s.WriteDisk(t.Context(), m.Name, f, image.Options{Progress: meter{}}); err != nil {
			t.Fatal(err)
		}
		kept, err := s.Get(m.Name)
		if err != nil || kept.Disk == "" {
			t.Fatalf("Get: got %+v, %v; want a cached disk", kept, err)
		}
		checkFiles(t, s, m.Digest+".img", filepath.Base(kept.Disk), "image.json", "lock")
	}
}

// If another process changes the file just before it is cloned, and reverts the change before
// the check, the disk must still be correct.
func TestImageThatChanges(t *testing.T) {
	s := newStoreOn(t, "xfs")
	path, content := qcow2(t)
	raw := filepath.Join(t.TempDir(), "raw")
	if err := os.WriteFile(raw, content, 0o600); err != nil {
		t.Fatal(err)
	}
	for kind, path := range map[string]string{"cached disk": path, "raw image": raw} {
		for _, phases := range [][]string{{image.PhaseCopy}, {image.PhaseCopy, image.PhaseCheck}} {
			t.Run(kind+"/"+strings.Join(phases, ","), func(t *testing.T) {
				m := importFile(t, s, path)
				defer func() { _, _ = s.Remove("base") }()
				from := s.Home.Image("base").File(m.Digest)
				if kind == "cached disk" {
					if _, err := writeDisk(t.Context(), t, s, image.Options{}); err != nil {
						t.Fatal(err)
					}
					m, err := s.Get("base")
					if err != nil {
						t.Fatal(err)
					}
					from = m.Disk
				}
				var p onPhases
				flips := 0
				for _, phase := range phases {
					p = append(p, onPhase{phase, sync.OnceFunc(func() {
						flips++
						if err := flipByte(from, 5<<20); err != nil {
							t.Error(err)
						}
					})})
				}
				disk, err := writeDisk(t.Context(), t, s, image.Options{Progress: p})
				if flips == 0 {
					t.Errorf("got no change of the file, want one in a phase of %q", phases)
				}
				if kind == "raw image" && errors.Is(err, cache.ErrBroken) {
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				checkDisk(t, disk, content, true)
			})
		}
	}
}

// onPhases is a Progress that passes each phase to all of its elements.
type onPhases []onPhase

func (o onPhases) Phase(name string, n int64) {
	for _, a := range o {
		a.Phase(name, n)
	}
}
func (onPhases) Add(int64) {}

// flipByte changes a byte of a file, and changes it back the next time.
func flipByte(path string, off int64) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	b := make([]byte, 1)
	if _, err := f.ReadAt(b, off); err != nil {
		return err
	}
	b[0] ^= 1
	_, err = f.WriteAt(b, off)
	return err
}

// No disk is cached for raw images, or if the file system cannot share blocks.
func TestNoDiskIsCachedWithoutSharing(t *testing.T) {
	path, content := qcow2(t)
	raw := filepath.Join(t.TempDir(), "raw")
	if err := os.WriteFile(raw, content, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		kind, image string
		shares      bool
	}{{"ext4", path, false}, {"xfs", raw, true}} {
		s := newStoreOn(t, c.kind)
		m := importFile(t, s, c.image)
		disk, err := writeDisk(t.Context(), t, s, image.Options{})
		if err != nil {
			t.Fatal(err)
		}
		checkDisk(t, disk, content, c.shares)
		checkFiles(t, s, m.Digest+".img", "image.json", "lock")
	}
}

func TestDigestDependsOnContentOnly(t *testing.T) {
	content := make([]byte, 5<<20+512)
	copy(content[1<<20-10:], strings.Repeat("x", 20))
	copy(content[5<<20:], "end")
	f, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := image.Copy(t.Context(), f, reader(t, content), image.Options{}); err != nil {
		t.Fatal(err)
	}
	sparse, err := image.Digest(t.Context(), f, meter{})
	if err != nil || sparse != digest(t, content) {
		t.Errorf("got digest %s with holes, want %s; error %v", sparse, digest(t, content), err)
	}
	seen := map[string]string{sparse: "the disk"}
	for what, change := range map[string]func([]byte) []byte{
		"a byte":         func(b []byte) []byte { b[2<<20] = 1; return b },
		"the last byte":  func(b []byte) []byte { b[len(b)-1] = 1; return b },
		"a chunk moved":  func(b []byte) []byte { return append(make([]byte, 1<<20), b[:len(b)-1<<20]...) },
		"longer by zero": func(b []byte) []byte { return append(b, make([]byte, 512)...) },
		"shorter":        func(b []byte) []byte { return b[:len(b)-509] },
	} {
		sum := digest(t, change(bytes.Clone(content)))
		if seen[sum] != "" {
			t.Errorf("%s: got the same digest as %s, want another", what, seen[sum])
		}
		seen[sum] = what
	}
}

// reader returns a file with the given contents.
func reader(t *testing.T, content []byte) *os.File {
	t.Helper()
	f, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	if _, err := io.Copy(f, bytes.NewReader(content)); err != nil {
		t.Fatal(err)
	}
	return f
}

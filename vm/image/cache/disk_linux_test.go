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

	"vmterminal/app/ondisk"
	"vmterminal/app/ondisk/mounttest"
	"vmterminal/vm/image"
	"vmterminal/vm/image/cache"
	"vmterminal/vm/image/fetch"
)

// on is a store on a file system of that kind, in a folder whose name is no pattern.
func on(t *testing.T, kind string) *cache.Store {
	t.Helper()
	home := filepath.Join(mounttest.Dir(t, kind, 400), "ro[o]t")
	if err := os.Mkdir(home, ondisk.DirMode); err != nil {
		t.Fatal(err)
	}
	return &cache.Store{Home: ondisk.Home(home), Client: fetch.Client{}}
}

// qcow2 is a file with a disk of 8 MiB, of which 3 are random, and that disk.
func qcow2(t *testing.T) (path string, content []byte) {
	t.Helper()
	content = make([]byte, 8<<20)
	copy(content, disk("one"))
	for i := range 2 << 20 { // nothing that packs well
		content[3<<20+i] = byte(i * i >> 7)
	}
	dir := t.TempDir()
	raw, path := filepath.Join(dir, "raw"), filepath.Join(dir, "image.qcow2")
	if err := os.WriteFile(raw, content, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("qemu-img", "convert", "-c", "-f", "raw", "-O", "qcow2", raw, path).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return path, content
}

func keep(t *testing.T, s *cache.Store, path string) cache.Image {
	t.Helper()
	m, err := s.Import(t.Context(), "base", path, meter{})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// phases notes which there were.
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

// write makes a disk of the image and returns its path.
func write(ctx context.Context, t *testing.T, s *cache.Store, opt image.Options) (string, error) {
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
		t.Errorf("a disk of %d bytes is told of as %d", st.Size(), size)
	}
	return f.Name(), err
}

// is fails unless a file has that content, and shares blocks or not.
func is(t *testing.T, path string, content []byte, shares bool) {
	t.Helper()
	if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, content) {
		t.Errorf("it has %d bytes of others; %v", len(got), err)
	}
	if err := exec.Command("sync", path).Run(); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("filefrag", "-v", path).CombinedOutput()
	if err != nil || strings.Contains(string(out), "shared") != shares {
		t.Errorf("shared blocks: %v; %v\n%s", !shares, err, out)
	}
}

func TestDisksOfAPackedImageShareBlocks(t *testing.T) {
	for _, kind := range []string{"btrfs", "xfs"} {
		t.Run(kind, func(t *testing.T) {
			s := on(t, kind)
			path, content := qcow2(t)
			m := keep(t, s, path)
			if m, _ := s.Get("base"); m.Disk != "" {
				t.Error("a disk is kept of which there is none yet")
			}
			first, second := &phases{}, &phases{}
			for _, p := range []*phases{first, second} {
				disk, err := write(t.Context(), t, s, image.Options{Progress: p})
				if err != nil {
					t.Fatal(err)
				}
				is(t, disk, content, true)
			}
			if !slices.Contains(first.had, image.PhaseConvert) || slices.Contains(second.had, image.PhaseConvert) {
				t.Errorf("converted at first %q, then %q", first.had, second.had)
			}
			kept, err := s.Get("base")
			if err != nil || kept.Disk == "" {
				t.Fatalf("%+v, %v", kept, err)
			}
			is(t, kept.Disk, content, true)
			left(t, s, m.Digest+".img", filepath.Base(kept.Disk), "image.json", "lock")

			// Who asks for a smaller disk gets none.
			if _, err := write(t.Context(), t, s, image.Options{MaxSize: 1 << 20}); !errors.Is(err, image.ErrTooLarge) {
				t.Errorf("a disk that is too large: %v", err)
			}
			// A change of one disk is in no other.
			disk, err := write(t.Context(), t, s, image.Options{})
			if err == nil {
				err = harm(disk, 4<<20)
			}
			if err != nil {
				t.Fatal(err)
			}
			is(t, kept.Disk, content, true)
			if _, err := s.Remove("base"); err != nil {
				t.Fatal(err)
			}
			left(t, s, "lock")
		})
	}
}

// harm changes a byte of a file.
func harm(path string, at int64) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = f.WriteAt([]byte("x"), at)
	return err
}

// Whatever became of the disk that is kept, VMs get the image's.
func TestDamagedDiskIsMadeAnew(t *testing.T) {
	s := on(t, "xfs")
	path, content := qcow2(t)
	m := keep(t, s, path)
	dir := s.Home.Image("base")
	for name, harm := range map[string]func(disk string) error{
		"one byte differs": func(disk string) error { return harm(disk, 5000) },
		"data in a hole":   func(disk string) error { return harm(disk, 2<<20) },
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
			return errors.Join(os.Truncate(disk, 3<<20), os.Rename(disk, ondisk.TempName(dir.File(m.Digest))))
		},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := write(t.Context(), t, s, image.Options{}); err != nil {
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
			disk, err := write(t.Context(), t, s, image.Options{Progress: p})
			if err != nil {
				t.Fatal(err)
			}
			is(t, disk, content, true)
			if !slices.Contains(p.had, image.PhaseConvert) {
				t.Error("the harm was not seen")
			}
			left(t, s, m.Digest+".img", filepath.Base(kept.Disk), "image.json", "lock")
		})
	}
	// Nor is a disk made of an image that has changed.
	if err := errors.Join(harm(dir.File(m.Digest), m.Size-1), os.Remove(dir.Disk(m.Digest, digest(t, content)))); err != nil {
		t.Fatal(err)
	}
	if _, err := write(t.Context(), t, s, image.Options{}); !errors.Is(err, cache.ErrBroken) {
		t.Errorf("of an image that has changed: %v", err)
	}
	left(t, s, m.Digest+".img", "image.json", "lock")
}

// digest is that of a disk with that content, none of it in holes.
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

func TestTwoWhoWantOneDiskMakeItOnce(t *testing.T) {
	s := on(t, "xfs")
	path, content := qcow2(t)
	keep(t, s, path)
	p := &phases{}
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() {
			disk, err := write(t.Context(), t, s, image.Options{Progress: p})
			if err != nil {
				t.Error(err)
				return
			}
			is(t, disk, content, true)
		})
	}
	both.Wait()
	if n := strings.Count(strings.Join(p.had, "\n"), image.PhaseConvert); n != 1 {
		t.Errorf("converted %d times", n)
	}
}

func TestCancelledDiskLeavesNothing(t *testing.T) {
	s := on(t, "xfs")
	path, _ := qcow2(t)
	m := keep(t, s, path)
	for _, phase := range []string{image.PhaseConvert, image.PhaseCheck} {
		ctx, cancel := context.WithCancel(t.Context())
		if _, err := write(ctx, t, s, image.Options{Progress: at{phase, cancel}}); !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled at %q: %v", phase, err)
		}
		cancel()
		left(t, s, m.Digest+".img", "image.json", "lock")
	}
}

// at calls do when a phase begins.
type at struct {
	phase string
	do    func()
}

func (a at) Phase(name string, _ int64) {
	if name == a.phase {
		a.do()
	}
}
func (at) Add(int64) {}

// A newer image takes the disk of the older one with it.
func TestNewerImageHasADiskOfItsOwn(t *testing.T) {
	s := on(t, "xfs")
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
			t.Fatalf("%+v, %v", kept, err)
		}
		left(t, s, m.Digest+".img", filepath.Base(kept.Disk), "image.json", "lock")
	}
}

// Nothing more is kept where nothing could be shared, and of what is a disk already.
func TestNoDiskIsKeptInVain(t *testing.T) {
	path, content := qcow2(t)
	raw := filepath.Join(t.TempDir(), "raw")
	if err := os.WriteFile(raw, content, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		kind, image string
		shares      bool
	}{{"ext4", path, false}, {"xfs", raw, true}} {
		s := on(t, c.kind)
		m := keep(t, s, c.image)
		disk, err := write(t.Context(), t, s, image.Options{})
		if err != nil {
			t.Fatal(err)
		}
		is(t, disk, content, c.shares)
		left(t, s, m.Digest+".img", "image.json", "lock")
	}
}

func TestDigestIsOfTheContent(t *testing.T) {
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
		t.Errorf("with holes %s, without %s; %v", sparse, digest(t, content), err)
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
			t.Errorf("%s has the digest of %s", what, seen[sum])
		}
		seen[sum] = what
	}
}

// reader is a file with that content.
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

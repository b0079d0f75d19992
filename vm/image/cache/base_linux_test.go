package cache_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"vmterminal/snapshot/durable"
	"vmterminal/vm/home"
	"vmterminal/vm/image"
	"vmterminal/vm/image/cache"
)

// writeBase writes a base that consists of the disk's contents, and its index.
func writeBase(_ context.Context, disk, base string) error {
	content, err := os.ReadFile(disk)
	if err != nil {
		return err
	}
	index := base[:len(base)-len(home.ImageBaseSuffix)] + home.ImageBaseIndexSuffix
	return errors.Join(os.WriteFile(base, content, 0o600), os.WriteFile(index, []byte("index"), 0o600))
}

// importData imports an image called "base" with the given contents.
func importData(t *testing.T, s *cache.Store, data []byte) cache.Image {
	t.Helper()
	path := filepath.Join(t.TempDir(), "image")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return importFile(t, s, path)
}

// The base is that of the disk, whatever the format of the image. It is written once, and again
// when it was lost.
func TestWriteBase(t *testing.T) {
	raw := disk("one")
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	if _, err := z.Write(raw); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	converted, content := qcow2(t)
	qcow2Data, err := os.ReadFile(converted)
	if err != nil {
		t.Fatal(err)
	}
	for format, c := range map[string]struct{ image, disk []byte }{
		"raw": {raw, raw}, "raw.gz": {zipped.Bytes(), raw}, "qcow2": {qcow2Data, content},
	} {
		t.Run(format, func(t *testing.T) {
			s := newStore(t)
			m := importData(t, s, c.image)
			if m.Base != "" {
				t.Errorf("got base %s before one was written, want none", m.Base)
			}
			written := 0
			count := func(ctx context.Context, disk, base string) error {
				written++
				return writeBase(ctx, disk, base)
			}
			check := func(want int) {
				t.Helper()
				if err := s.WriteBase(t.Context(), "base", count); err != nil {
					t.Fatal(err)
				}
				m, err := s.Get("base")
				if err != nil || m.Base == "" {
					t.Fatalf("got %+v, error %v, want a base", m, err)
				}
				if got, err := os.ReadFile(m.Base); err != nil || !bytes.Equal(got, c.disk) || written != want {
					t.Errorf("got a base of %d bytes, error %v, written %d times, want the %d bytes of the disk, %d times", len(got), err, written, len(c.disk), want)
				}
			}
			check(1)
			check(1)
			m, err := s.Get("base")
			if err != nil {
				t.Fatal(err)
			}
			dir := s.Home.Image("base")
			checkFiles(t, s, m.Digest+".img", m.Digest+".raw.gz", m.Digest+".idx", "image.json", "lock")
			for n, path := range []string{dir.Base(m.Digest), dir.BaseIndex(m.Digest)} {
				if err := os.Remove(path); err != nil {
					t.Fatal(err)
				}
				if m, err := s.Get("base"); err != nil || m.Base != "" {
					t.Errorf("without %s: got base %q, error %v, want none", path, m.Base, err)
				}
				check(2 + n)
			}
			if err := s.RemoveBase("base"); err != nil {
				t.Fatal(err)
			}
			checkFiles(t, s, m.Digest+".img", "image.json", "lock")
			if err := s.RemoveBase("base"); err != nil {
				t.Errorf("remove a base that does not exist: got error %v, want none", err)
			}
		})
	}
}

// A base disappears with its image, and when a newer version replaces the image.
func TestBaseIsRemovedWithImage(t *testing.T) {
	s := newStore(t)
	from := serve(t, nil)
	for _, version := range []string{"1", "2"} {
		data := disk(version)
		from.set(data, false)
		m, err := s.Download(t.Context(), from.offer(version, data), meter{})
		if err != nil {
			t.Fatal(err)
		}
		checkFiles(t, s, m.Digest+".img", "image.json", "lock")
		if err := s.WriteBase(t.Context(), m.Name, writeBase); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Remove("debian:trixie"); err != nil {
		t.Fatal(err)
	}
	checkFiles(t, s, "lock")
	if err := s.WriteBase(t.Context(), "debian:trixie", writeBase); !errors.Is(err, cache.ErrNotFound) {
		t.Errorf("write the base of a removed image: got error %v, want ErrNotFound", err)
	}
}

// A base never delays other work: who needs the image's lock interrupts the writing.
func TestWritingBaseGivesWay(t *testing.T) {
	for name, use := range map[string]func(s *cache.Store) error{
		"remove": func(s *cache.Store) error { _, err := s.Remove("base"); return err },
		"import": func(s *cache.Store) error {
			_, err := s.Import(context.Background(), "base", "none", false, meter{})
			if errors.Is(err, cache.ErrExists) {
				return nil
			}
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStore(t)
			m := importData(t, s, disk("one"))
			writing, ended := make(chan struct{}), make(chan error, 1)
			go func() {
				ended <- s.WriteBase(context.Background(), "base", func(ctx context.Context, _, _ string) error {
					temp := durable.TempName(s.Home.Image("base").Base(m.Digest))
					if err := os.WriteFile(temp, nil, 0o600); err != nil {
						return err
					}
					close(writing)
					<-ctx.Done()
					return ctx.Err()
				})
			}()
			<-writing
			if err := s.WriteBase(t.Context(), "base", writeBase); !errors.Is(err, durable.ErrLocked) {
				t.Errorf("write the base at the same time: got error %v, want ErrLocked", err)
			}
			if err := use(s); err != nil {
				t.Errorf("got error %v, want none", err)
			}
			if err := <-ended; !errors.Is(err, context.Canceled) {
				t.Errorf("the writing ended with error %v, want context.Canceled", err)
			}
			if m, err := s.Get("base"); err == nil && m.Base != "" {
				t.Errorf("got base %s, want none", m.Base)
			}
		})
	}
}

// A failed base leaves nothing behind, and needs room.
func TestFailedBaseLeavesNothing(t *testing.T) {
	s := newStore(t)
	path, _ := qcow2(t)
	m := importFile(t, s, path)
	failed := errors.New("failed")
	if err := s.WriteBase(t.Context(), "base", func(context.Context, string, string) error { return failed }); !errors.Is(err, failed) {
		t.Errorf("got error %v, want %v", err, failed)
	}
	checkFiles(t, s, m.Digest+".img", "image.json", "lock")
	s.Room = func(_ string, bytes int64) error {
		if bytes > m.Size {
			return failed
		}
		return nil
	}
	if err := s.WriteBase(t.Context(), "base", writeBase); !errors.Is(err, failed) {
		t.Errorf("with little room: got error %v, want %v", err, failed)
	}
}

// If the disk created from the image is cached, it is not created again for the base.
func TestBaseOfCachedDisk(t *testing.T) {
	s := newStoreOn(t, "xfs")
	path, content := qcow2(t)
	importFile(t, s, path)
	if _, err := writeDisk(t.Context(), t, s, image.Options{}); err != nil {
		t.Fatal(err)
	}
	m, err := s.Get("base")
	if err != nil {
		t.Fatal(err)
	}
	err = s.WriteBase(t.Context(), "base", func(ctx context.Context, disk, base string) error {
		if disk != m.Disk {
			t.Errorf("got disk %s, want the cached %s", disk, m.Disk)
		}
		return writeBase(ctx, disk, base)
	})
	if err != nil {
		t.Fatal(err)
	}
	checkDisk(t, m.Disk, content, true)
	checkFiles(t, s, m.Digest+".img", m.Digest+".raw.gz", m.Digest+".idx", filepath.Base(m.Disk), "image.json", "lock")
}

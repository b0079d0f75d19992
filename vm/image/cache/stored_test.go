package cache_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vmterminal/snapshot/durable"
	"vmterminal/vm/home"
	"vmterminal/vm/image"
	"vmterminal/vm/image/cache"
	"vmterminal/vm/image/catalog"
)

func TestImport(t *testing.T) {
	s, data := newStore(t), disk("mine")
	path := filepath.Join(t.TempDir(), "mine.raw")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	m, err := s.Import(t.Context(), "mine", path, false, meter{})
	if err != nil || m.Verified != catalog.ByNothing || m.Source != path {
		t.Fatalf("Import: got %+v, %v; want Verified %v, Source %v", m, err, catalog.ByNothing, path)
	}
	checkImage(t, s, "mine", data)
	checkImage(t, s, "MINE", data) // names are not case-sensitive
	if _, err := s.Import(t.Context(), "Mine", path, false, meter{}); !errors.Is(err, cache.ErrExists) {
		t.Error(err)
	}
	if _, err := s.Import(t.Context(), "../x", path, false, meter{}); !errors.Is(err, durable.ErrBadName) {
		t.Error(err)
	}
	if _, err := s.Import(t.Context(), "none", path+"x", false, meter{}); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
	if _, err := s.Import(t.Context(), "address", serve(t, data).URL, false, meter{}); err != nil {
		t.Error(err)
	}
	list, err := s.List()
	if err != nil || len(list) != 2 || list[0].Name != "address" || list[1].Name != "mine" {
		t.Errorf("List: got %+v, %v; want 2 entries", list, err)
	}
}

// Truncation of a compressed file is only detected by decompressing all of it; Import does that.
func TestImportOfTruncatedCompressedFile(t *testing.T) {
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	if _, err := w.Write(disk("mine")); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for _, cut := range []int{0, 4} {
		s, path := newStore(t), filepath.Join(t.TempDir(), "mine.raw.gz")
		if err := os.WriteFile(path, packed.Bytes()[:packed.Len()-cut], 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := s.Import(t.Context(), "mine", path, false, meter{})
		if (cut == 0) != (err == nil) || err != nil && !errors.Is(err, image.ErrDamaged) {
			t.Errorf("cut by %d bytes: got error %v, want ErrDamaged only if cut", cut, err)
		}
		if list, err := s.List(); err != nil || (cut == 0) != (len(list) == 1) {
			t.Errorf("cut by %d bytes: List = %+v, %v; want the image only if not cut", cut, list, err)
		}
	}
}

func TestRemove(t *testing.T) {
	s, data := newStore(t), disk("one")
	from := serve(t, data)
	if _, err := s.Remove("debian:trixie"); !errors.Is(err, cache.ErrNotFound) {
		t.Error(err)
	}
	if _, err := s.Download(t.Context(), from.offer("1", data), meter{}); err != nil {
		t.Fatal(err)
	}
	lock, err := durable.TryLock(s.Home.Image("debian@trixie").Lock(), durable.Activity{Code: "testing"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Remove("debian:trixie"); !errors.Is(err, durable.ErrLocked) || !strings.Contains(err.Error(), "testing") {
		t.Error(err)
	}
	lock.Close()
	if freed, err := s.Remove("debian:trixie"); err != nil || freed != int64(len(data)) {
		t.Errorf("Remove: got %d, %v; want %v", freed, err, int64(len(data)))
	}
	checkFiles(t, s, "lock")
	if list, err := s.List(); err != nil || len(list) != 0 {
		t.Errorf("List: got %+v, %v; want none", list, err)
	}
}

func TestBrokenImagesAreListed(t *testing.T) {
	for name, harm := range map[string]func(home.ImageDir, string) error{
		"its file is gone": func(d home.ImageDir, digest string) error { return os.Remove(d.File(digest)) },
		"its file is cut":  func(d home.ImageDir, digest string) error { return os.Truncate(d.File(digest), 1000) },
		"its row is torn":  func(d home.ImageDir, _ string) error { return os.WriteFile(d.Row(), []byte("{"), 0o600) },
		"its file has rot": func(d home.ImageDir, digest string) error {
			f, err := os.OpenFile(d.File(digest), os.O_RDWR, 0)
			if err == nil {
				_, err = f.WriteAt([]byte("rot"), 5000)
			}
			return errors.Join(err, f.Close())
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, data := newStore(t), disk("one")
			from := serve(t, data)
			m, err := s.Download(t.Context(), from.offer("1", data), meter{})
			if err != nil {
				t.Fatal(err)
			}
			if err := harm(s.Home.Image("debian@trixie"), m.Digest); err != nil {
				t.Fatal(err)
			}
			list, err := s.List()
			if err != nil || len(list) != 1 || list[0].Name != "debian:trixie" || (list[0].Broken == nil) != strings.Contains(name, "rot") {
				t.Errorf("List: got %+v, %v; want 1 entry", list, err)
			}
			if f, _, err := s.Open(t.Context(), "debian:trixie", meter{}); err == nil {
				f.Close()
				t.Error("Open: got no error for a broken image, want one")
			}
			// It can be removed and downloaded again.
			if _, err := s.Remove("debian:trixie"); err != nil {
				t.Error(err)
			}
			if _, err := s.Download(t.Context(), from.offer("1", data), meter{}); err != nil {
				t.Error(err)
			}
			checkImage(t, s, "debian:trixie", data)
		})
	}
}

func TestOlderOffersAreReported(t *testing.T) {
	s := newStore(t)
	for _, step := range []struct {
		version, earlier string
	}{{"2", ""}, {"2", ""}, {"10", ""}, {"9", "10"}, {"9", "10"}, {"10", ""}, {"11", ""}} {
		got, err := s.RecordOffer(catalog.Offer{Distro: "debian", Release: "trixie", Version: step.version})
		if want := (cache.OfferWarning{Earlier: step.earlier}); err != nil || got != want {
			t.Errorf("%s: got %+v, error %v, want %+v", step.version, got, err, want)
		}
	}
	kept := s.Home.Image("debian@trixie").Newest()
	for torn, unchecked := range map[string]bool{"{": true, "\ufeff{\"version\": \"10\"}": false} {
		if err := os.WriteFile(kept, []byte(torn), durable.FileMode); err != nil {
			t.Fatal(err)
		}
		got, err := s.RecordOffer(catalog.Offer{Distro: "debian", Release: "trixie", Version: "10"})
		if err != nil || got.Earlier != "" || (got.Unchecked != nil) != unchecked {
			t.Errorf("%q: got %+v, error %v, want unchecked %v", torn, got, err, unchecked)
		}
		if text, err := os.ReadFile(kept); err != nil || string(text) != torn {
			t.Errorf("got recorded version %q, %v; want %v", text, err, torn)
		}
	}
}

// A disk that is smaller than its partition table requires can be imported with force, and
// then used.
func TestImportOfShortDisk(t *testing.T) {
	s, data := newStore(t), disk("mine")
	copy(data[446:], []byte{0x80, 0, 0, 0, 0x83, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1})
	path := filepath.Join(t.TempDir(), "mine.raw")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Import(t.Context(), "mine", path, false, meter{}); !errors.Is(err, image.ErrCutShort) {
		t.Error(err)
	}
	checkFiles(t, s, "lock")
	if _, err := s.Import(t.Context(), "mine", path, true, meter{}); err != nil {
		t.Fatal(err)
	}
	to, err := os.Create(filepath.Join(t.TempDir(), "disk"))
	if err != nil {
		t.Fatal(err)
	}
	defer to.Close()
	if size, err := s.WriteDisk(t.Context(), "mine", to, image.Options{Progress: meter{}}); err != nil || size != int64(len(data)) {
		t.Errorf("got %d bytes, %v; want %v", size, err, int64(len(data)))
	}
}

// The disk in a fixed-size VHD is smaller than the file.
func TestWriteDiskOfFixedVHD(t *testing.T) {
	s, data := newStore(t), disk("mine")
	footer := make([]byte, 512)
	copy(footer, "conectix")
	binary.BigEndian.PutUint64(footer[48:], uint64(len(data)))
	binary.BigEndian.PutUint32(footer[60:], 2)
	path := filepath.Join(t.TempDir(), "mine.vhd")
	if err := os.WriteFile(path, append(bytes.Clone(data), footer...), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Import(t.Context(), "mine", path, false, meter{}); err != nil {
		t.Fatal(err)
	}
	to := filepath.Join(t.TempDir(), "disk")
	f, err := os.Create(to)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	size, err := s.WriteDisk(t.Context(), "mine", f, image.Options{MaxSize: int64(len(data)), Progress: meter{}})
	if got, _ := os.ReadFile(to); err != nil || size != int64(len(data)) || !bytes.Equal(got, data) {
		t.Errorf("got %d bytes, %v; want %v", size, err, int64(len(data)))
	}
}

// An import that is canceled during the check leaves nothing behind.
func TestCanceledImportLeavesNothing(t *testing.T) {
	s := newStore(t)
	path := filepath.Join(t.TempDir(), "mine.raw")
	if err := os.WriteFile(path, disk("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	if _, err := s.Import(ctx, "mine", path, false, cancelAt{image.PhaseCheck, cancel}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	checkFiles(t, s, "lock")
}

// cancelAt is a Progress that cancels when a phase begins.
type cancelAt struct {
	phase  string
	cancel func()
}

func (c cancelAt) Phase(name string, _ int64) {
	if name == c.phase {
		c.cancel()
	}
}
func (cancelAt) Add(int64) {}

package cache_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vmterminal/app/ondisk"
	"vmterminal/vm/image"
	"vmterminal/vm/image/cache"
	"vmterminal/vm/image/catalogue"
)

func TestImport(t *testing.T) {
	s, data := newStore(t), disk("mine")
	path := filepath.Join(t.TempDir(), "mine.raw")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	m, err := s.Import(t.Context(), "mine", path, meter{})
	if err != nil || m.Verified != catalogue.ByNothing || m.Source != path {
		t.Fatalf("%+v, %v", m, err)
	}
	holds(t, s, "mine", data)
	holds(t, s, "MINE", data) // names are the same without regard to case
	if _, err := s.Import(t.Context(), "Mine", path, meter{}); !errors.Is(err, cache.ErrExists) {
		t.Error(err)
	}
	if _, err := s.Import(t.Context(), "../x", path, meter{}); !errors.Is(err, ondisk.ErrBadName) {
		t.Error(err)
	}
	if _, err := s.Import(t.Context(), "none", path+"x", meter{}); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
	if _, err := s.Import(t.Context(), "address", serve(t, data).URL, meter{}); err != nil {
		t.Error(err)
	}
	list, err := s.List()
	if err != nil || len(list) != 2 || list[0].Name != "address" || list[1].Name != "mine" {
		t.Errorf("%+v, %v", list, err)
	}
}

// Only all of a packed file tells whether it is whole: nothing else will, before a VM
// is to be made of it.
func TestImportOfAPartOfAPackedFile(t *testing.T) {
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
		_, err := s.Import(t.Context(), "mine", path, meter{})
		if (cut == 0) != (err == nil) || err != nil && !errors.Is(err, image.ErrDamaged) {
			t.Errorf("without its last %d bytes: %v", cut, err)
		}
		if list, err := s.List(); err != nil || (cut == 0) != (len(list) == 1) {
			t.Errorf("without its last %d bytes: %+v, %v", cut, list, err)
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
	lock, err := ondisk.TryLock(s.Home.Image("debian@trixie").Lock(), "testing")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Remove("debian:trixie"); !errors.Is(err, ondisk.ErrLocked) || !strings.Contains(err.Error(), "testing") {
		t.Error(err)
	}
	lock.Close()
	if freed, err := s.Remove("debian:trixie"); err != nil || freed != int64(len(data)) {
		t.Errorf("%d, %v", freed, err)
	}
	left(t, s, "lock")
	if list, err := s.List(); err != nil || len(list) != 0 {
		t.Errorf("%+v, %v", list, err)
	}
}

func TestBrokenImagesAreListed(t *testing.T) {
	for name, harm := range map[string]func(ondisk.ImageDir, string) error{
		"its file is gone": func(d ondisk.ImageDir, digest string) error { return os.Remove(d.File(digest)) },
		"its file is cut":  func(d ondisk.ImageDir, digest string) error { return os.Truncate(d.File(digest), 1000) },
		"its row is torn":  func(d ondisk.ImageDir, _ string) error { return os.WriteFile(d.Row(), []byte("{"), 0o600) },
		"its file has rot": func(d ondisk.ImageDir, digest string) error {
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
				t.Errorf("%+v, %v", list, err)
			}
			if f, _, err := s.Open(t.Context(), "debian:trixie", meter{}); err == nil {
				f.Close()
				t.Error("it was opened")
			}
			// It can be removed, and be had again.
			if _, err := s.Remove("debian:trixie"); err != nil {
				t.Error(err)
			}
			if _, err := s.Download(t.Context(), from.offer("1", data), meter{}); err != nil {
				t.Error(err)
			}
			holds(t, s, "debian:trixie", data)
		})
	}
}

func TestOlderOffersAreNoted(t *testing.T) {
	s := newStore(t)
	for _, step := range []struct {
		version string
		noted   bool
	}{{"2", false}, {"2", false}, {"10", false}, {"9", true}, {"9", true}, {"10", false}, {"11", false}} {
		note, err := s.Note(catalogue.Offer{Distro: "debian", Release: "trixie", Version: step.version})
		if err != nil || (note != "") != step.noted {
			t.Errorf("%s: %q, %v", step.version, note, err)
		}
	}
}

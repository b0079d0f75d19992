package lazydisk

import (
	"bytes"
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

const testSize = 10 * SizeUnit

func testMarker() Marker {
	return Marker{Version: version, ID: rand.Text(), Size: testSize, Kind: Snapshot, Name: "before", SnapshotID: "1", Digest: "2"}
}

// writeDisk writes a lazy disk whose contents are already there.
func writeDisk(t *testing.T, path string, m Marker, content []byte) {
	t.Helper()
	f, err := os.Create(path)
	if err == nil {
		err = Write(f, m)
	}
	if err == nil {
		_, err = f.WriteAt(content, 0)
	}
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
}

func TestTrailerRoundTrip(t *testing.T) {
	path := filepath.Join(t.TempDir(), "disk.raw")
	m, content := testMarker(), bytes.Repeat([]byte("x"), testSize)
	writeDisk(t, path, m, content)
	got, err := Read(path)
	if err != nil || got == nil || *got != m {
		t.Fatalf("Read = %+v, %v, want %+v", got, err, m)
	}
	if size, err := Size(path); err != nil || size != testSize {
		t.Errorf("Size = %d, %v, want %d", size, err, testSize)
	}
	other := m
	other.ID = rand.Text()
	if err := Complete(path, other); !errors.Is(err, ErrReplaced) {
		t.Errorf("Complete of another disk: %v, want ErrReplaced", err)
	}
	if err := Complete(path, m); err != nil {
		t.Fatal(err)
	}
	if got, err := Read(path); err != nil || got != nil {
		t.Errorf("Read after Complete = %+v, %v, want no marker", got, err)
	}
	if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, content) {
		t.Errorf("after Complete the disk has %d bytes (%v), want its %d bytes only", len(got), err, len(content))
	}
	if err := Complete(path, m); !errors.Is(err, ErrReplaced) {
		t.Errorf("second Complete: %v, want ErrReplaced", err)
	}
}

func TestDamagedTrailer(t *testing.T) {
	path := filepath.Join(t.TempDir(), "disk.raw")
	writeDisk(t, path, testMarker(), nil)
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text := bytes.IndexByte(good, '{')
	for at := len(magic) + testSize; at < text+100; at++ {
		bad := bytes.Clone(good)
		bad[at] ^= 1
		if err := os.WriteFile(path, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		if m, err := Read(path); !errors.Is(err, ErrDamaged) {
			t.Fatalf("Read with byte %d changed = %+v, %v, want ErrDamaged", at, m, err)
		}
	}
}

func TestTrailerOfNewerVersion(t *testing.T) {
	b, err := testMarker().encode()
	if err != nil {
		t.Fatal(err)
	}
	b = bytes.Replace(b, []byte(`"version":1`), []byte(`"version":2`), 1)
	text := b[headerSize : bytes.LastIndexByte(b, '}')+1]
	sum := checksum(text)
	for i := range 4 {
		b[len(magic)+4+i] = byte(sum >> (8 * i))
	}
	if m, err := decode(b, testSize); !errors.Is(err, ErrNewer) {
		t.Errorf("decode = %+v, %v, want ErrNewer", m, err)
	}
}

func TestOrdinaryDisks(t *testing.T) {
	dir := t.TempDir()
	for name, size := range map[string]int64{"empty": 0, "small": 100, "trailer": TrailerSize, "disk": 1 << 20} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, make([]byte, size), 0o600); err != nil {
			t.Fatal(err)
		}
		if m, err := Read(path); m != nil || err != nil {
			t.Errorf("Read of a file of %d zeros = %+v, %v, want none", size, m, err)
		}
	}
	for _, path := range []string{dir, filepath.Join(dir, "missing")} {
		if m, err := Read(path); m != nil || err != nil {
			t.Errorf("Read(%s) = %+v, %v, want none", path, m, err)
		}
	}
}

func createEmpty(path string) error { return os.WriteFile(path, nil, 0o600) }

func TestSweepKeepsFoldersInUse(t *testing.T) {
	vmDir := t.TempDir()
	dir := Dir(filepath.Join(vmDir, "filling"))
	source := filepath.Join(vmDir, "source")
	if err := createEmpty(source); err != nil {
		t.Fatal(err)
	}
	disk, undo, damaged := filepath.Join(vmDir, "disk.raw"), filepath.Join(vmDir, "disk.undo"), filepath.Join(vmDir, "damaged")
	inDisk, inUndo, orphan := testMarker(), testMarker(), testMarker()
	writeDisk(t, disk, inDisk, nil)
	writeDisk(t, undo, inUndo, nil)
	writeDisk(t, damaged, inUndo, nil)
	corrupt(t, damaged)
	for _, m := range []Marker{inDisk, inUndo, orphan} {
		if err := dir.Folder(m).Create(source, createEmpty); err != nil {
			t.Fatal(err)
		}
	}
	if err := dir.Sweep(disk, damaged); !errors.Is(err, ErrDamaged) {
		t.Errorf("Sweep with a damaged disk: %v, want ErrDamaged", err)
	}
	if err := dir.Folder(orphan).Check(); err != nil {
		t.Errorf("Sweep with a damaged disk removed a folder: %v", err)
	}
	if err := dir.Sweep(disk, undo, filepath.Join(vmDir, "missing")); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(dir.Folder(inDisk).Check(), dir.Folder(inUndo).Check()); err != nil {
		t.Errorf("Sweep removed a folder in use: %v", err)
	}
	if err := dir.Folder(orphan).Check(); !errors.Is(err, ErrDamaged) {
		t.Errorf("Sweep kept the folder of no disk: %v", err)
	}
	dir.Folder(inDisk).Remove()
	dir.Folder(inUndo).Remove()
	if _, err := os.Stat(string(dir)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s remains after its last folder: %v", dir, err)
	}
}

func corrupt(t *testing.T, path string) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b[testSize+headerSize] ^= 1
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestCreateLeavesNothingAfterError(t *testing.T) {
	dir := Dir(filepath.Join(t.TempDir(), "filling"))
	m := testMarker()
	if err := dir.Folder(m).Create(filepath.Join(t.TempDir(), "missing"), createEmpty); !errors.Is(err, ErrCannotLink) {
		t.Errorf("Create without a source: %v, want ErrCannotLink", err)
	}
	if _, err := os.Stat(string(dir)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s remains: %v", dir, err)
	}
}

func FuzzTrailer(f *testing.F) {
	b, err := testMarker().encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add(make([]byte, TrailerSize))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) != TrailerSize {
			return
		}
		if m, err := decode(b, testSize); err == nil && m != nil && (m.Size != testSize || !isID(m.ID)) {
			t.Errorf("decode accepted %+v", m)
		}
	})
}

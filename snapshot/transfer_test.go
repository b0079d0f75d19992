package snapshot

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"vmterminal/snapshot/durable"
	"vmterminal/snapshot/gzfile"
)

func export(t testing.TB, s *Store, name string) []byte {
	t.Helper()
	var b bytes.Buffer
	var w watcher
	if err := s.Export(context.Background(), name, &b, &w); err != nil {
		t.Fatal(err)
	}
	if w.totals[PhaseExport] != int64(b.Len()) || w.done[PhaseExport] != int64(b.Len()) {
		t.Errorf("got progress %v, want %d", w.done, b.Len())
	}
	return b.Bytes()
}

// TestExportImport copies a snapshot to another VM, with its name and description.
func TestExportImport(t *testing.T) {
	disk := content(3, 5*mib)
	from, to := vmDir(t, disk), vmDir(t, []byte("other"))
	made := create(t, from, "configured")
	if err := Open(from).Pin(context.Background(), "configured", true); err != nil {
		t.Fatal(err)
	}
	b := export(t, Open(from), "Configured")
	for name, c := range map[string]struct {
		r    io.Reader
		as   string
		size int64
	}{
		"its own name": {bytes.NewReader(b), "", int64(len(b))},
		"renamed":      {bytes.NewReader(b), "copy", -1},
		"in pieces":    {iotest.HalfReader(bytes.NewReader(b)), "pieces", -1},
	} {
		var w watcher
		i, err := Open(to).Import(context.Background(), c.r, c.as, c.size, &w)
		if err != nil {
			t.Fatalf("%s: got error %v, want no error", name, err)
		}
		want := made
		if want.Name = c.as; c.as == "" {
			want.Name = made.Name
		}
		want.State, want.Pinned, want.VerifiedAt = StateImported, true, i.VerifiedAt
		if i != want || i != get(t, to, i.Name) || i.VerifiedAt.IsZero() {
			t.Errorf("%s: got imported %+v, listed %+v, want %+v", name, i, get(t, to, i.Name), want)
		}
		if w.done[PhaseImport] != int64(len(b)) {
			t.Errorf("%s: got progress %v", name, w.done)
		}
		file, _, err := Open(to).open(i.Name)
		if err != nil {
			t.Fatal(err)
		}
		if file.Close(); file.native.Header.Name != want.Name {
			t.Errorf("%s: the header has %q, want %v", name, file.native.Header.Name, want.Name)
		}
		if restore(t, to, i.Name); !bytes.Equal(readFile(t, to.Disk), disk) {
			t.Errorf("%s: got other disk contents", name)
		}
	}
	_, err := Open(to).Import(context.Background(), bytes.NewReader(b), "", -1, nil)
	if !errors.Is(err, ErrExists) {
		t.Errorf("second import: got error %v, want error %v", err, ErrExists)
	}
}

func TestForeignExportImport(t *testing.T) {
	disk := content(4, 3*mib+512)
	b := gzipped(t, disk)
	dir := vmDir(t, nil)
	store, ctx := Open(dir), context.Background()
	if _, err := store.Import(ctx, bytes.NewReader(b), "", int64(len(b)), nil); !errors.Is(err, durable.ErrBadName) {
		t.Errorf("without a name: got error %v, want error %v", err, durable.ErrBadName)
	}
	i, err := store.Import(ctx, bytes.NewReader(b), "byhand", -1, nil)
	if err != nil || !i.Foreign || i.DiskSize != int64(len(disk)) || i.FileSize != int64(len(b)) {
		t.Fatalf("Import: got %+v %v, want Foreign, DiskSize %v, FileSize %v", i, err, int64(len(disk)), int64(len(b)))
	}
	if got := get(t, dir, "byhand"); got.Digest != i.Digest || got.DiskSize != i.DiskSize || got.VerifiedAt != i.VerifiedAt || got.State != StateImported {
		t.Errorf("got imported %+v, listed %+v; want Digest %v, DiskSize %v, VerifiedAt %v, State %v", i, got, i.Digest, i.DiskSize, i.VerifiedAt, StateImported)
	}
	if !bytes.Equal(export(t, store, "byhand"), b) {
		t.Error("got another file than imported")
	}
	if restore(t, dir, "byhand"); !bytes.Equal(readFile(t, dir.Disk), disk) {
		t.Error("got other disk contents")
	}
	// The row does not describe another file with the same name.
	writeFile(t, store.filePath("byhand"), gzipped(t, []byte("other")))
	if got := get(t, dir, "byhand"); got.DiskSize != 0 || !got.VerifiedAt.IsZero() {
		t.Errorf("replaced: got %+v, want DiskSize 0", got)
	}
}

func TestImportRefuses(t *testing.T) {
	from, dir := vmDir(t, content(1, 3*mib)), vmDir(t, nil)
	create(t, from, "a")
	ours, foreign := readFile(t, Open(from).filePath("a")), gzipped(t, content(2, mib))
	flip := func(b []byte, at int) []byte {
		b = bytes.Clone(b)
		b[at] ^= 1
		return b
	}
	broken := errors.New("broken")
	before := tree(t, filepath.Dir(dir.Disk))
	for name, c := range map[string]struct {
		r    io.Reader
		as   string
		size int64
		want error
	}{
		"nothing":            {strings.NewReader(""), "x", 0, ErrNotSnapshot},
		"a raw disk":         {bytes.NewReader(make([]byte, 2*mib)), "x", -1, ErrNotSnapshot},
		"qcow2":              {strings.NewReader("QFI\xfb\x00\x00\x00\x03" + strings.Repeat("x", 9000)), "x", -1, ErrNotSnapshot},
		"two bytes":          {strings.NewReader("\x1f\x8b"), "x", -1, ErrNotSnapshot},
		"gzip's start":       {strings.NewReader("\x1f\x8b\x08"), "x", -1, ErrDamaged},
		"cut":                {bytes.NewReader(ours[:len(ours)-1]), "x", -1, ErrDamaged},
		"cut, size known":    {bytes.NewReader(ours[:len(ours)-1]), "x", int64(len(ours) - 1), ErrDamaged},
		"cut in its header":  {bytes.NewReader(ours[:4000]), "x", -1, ErrDamaged},
		"longer":             {bytes.NewReader(append(bytes.Clone(ours), 0)), "x", -1, ErrDamaged},
		"flipped header":     {bytes.NewReader(flip(ours, 40)), "x", -1, ErrDamaged},
		"flipped body":       {bytes.NewReader(flip(ours, len(ours)/2)), "x", -1, ErrDamaged},
		"flipped padding":    {bytes.NewReader(flip(ours, len(ours)-14)), "x", -1, ErrDamaged},
		"foreign, cut":       {bytes.NewReader(foreign[:len(foreign)-1]), "x", -1, ErrDamaged},
		"foreign, flipped":   {bytes.NewReader(flip(foreign, len(foreign)-6)), "x", -1, ErrDamaged},
		"foreign, more":      {io.MultiReader(bytes.NewReader(foreign), strings.NewReader("more")), "x", -1, ErrDamaged},
		"a bad name":         {bytes.NewReader(ours), "../x", -1, durable.ErrBadName},
		"a reader that ends": {io.MultiReader(bytes.NewReader(ours[:len(ours)/2]), iotest.ErrReader(broken)), "x", -1, broken},
		"one that never was": {iotest.ErrReader(broken), "x", -1, broken},
		"no room":            {bytes.NewReader(foreign), "x", 1 << 60, ErrNoSpace},
	} {
		_, err := Open(dir).Import(context.Background(), c.r, c.as, c.size, nil)
		if !errors.Is(err, c.want) {
			t.Errorf("%s: got error %v, want error %v", name, err, c.want)
		}
		if got := tree(t, filepath.Dir(dir.Disk)); got != before {
			t.Errorf("%s: got the files %s, want no change", name, got)
		}
	}
	writeFile(t, dir.Rows, []byte(`{"version": 2}`))
	if _, err := Open(dir).Import(context.Background(), bytes.NewReader(ours), "x", -1, nil); !errors.Is(err, ErrNewer) {
		t.Errorf("newer rows: got error %v, want ErrNewer", err)
	}
}

func TestTransferEndsWithItsContext(t *testing.T) {
	from, dir := vmDir(t, content(1, 3*mib)), vmDir(t, nil)
	create(t, from, "a")
	b := readFile(t, Open(from).filePath("a"))
	before := tree(t, filepath.Dir(dir.Disk))
	for _, phase := range []string{PhaseImport, PhaseFlush} {
		ctx, cancel := context.WithCancel(context.Background())
		_, err := Open(dir).Import(ctx, bytes.NewReader(b), "x", -1, &watcher{onPhase: func(p string) {
			if p == phase {
				cancel()
			}
		}})
		if !errors.Is(err, context.Canceled) || tree(t, filepath.Dir(dir.Disk)) != before {
			t.Errorf("%s: got error %v, files %s; want error %v, files %v", phase, err, tree(t, filepath.Dir(dir.Disk)), context.Canceled, before)
		}
		cancel()
	}
	ctx, cancel := context.WithCancel(context.Background())
	err := Open(from).Export(ctx, "a", io.Discard, &watcher{onPhase: func(string) { cancel() }})
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestExportFails(t *testing.T) {
	dir := vmDir(t, content(1, 3*mib))
	store, ctx := Open(dir), context.Background()
	create(t, dir, "a")
	writeFile(t, store.filePath("foreign"), gzipped(t, content(2, mib)))
	for _, name := range []string{"a", "foreign"} {
		if err := store.Export(ctx, name, fullWriter{}, nil); !errors.Is(err, errFull) {
			t.Errorf("%s: failing writer: got error %v, want error %v", name, err, errFull)
		}
		b := readFile(t, store.filePath(name))
		damage(t, store.filePath(name), len(b)/2)
		if err := store.Export(ctx, name, io.Discard, nil); !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), name+".raw.gz") {
			t.Errorf("%s: damaged: got error %v, want error %v, %q in it", name, err, ErrDamaged, name+".raw.gz")
		}
		os.Remove(store.filePath(name))
	}
	for name, want := range map[string]error{"a": ErrMissing, "none": ErrNotFound} {
		if err := store.Export(ctx, name, io.Discard, nil); !errors.Is(err, want) {
			t.Errorf("%s: got error %v, want error %v", name, err, want)
		}
	}
}

var errFull = errors.New("full")

type fullWriter struct{}

func (fullWriter) Write([]byte) (int, error) { return 0, errFull }

// FuzzImport checks arbitrary files as Import does. Verify must accept every file that
// passes.
func FuzzImport(f *testing.F) {
	from := vmDir(f, content(1, 5000))
	create(f, from, "a")
	b := readFile(f, Open(from).filePath("a"))
	f.Add(b)
	f.Add(b[:4096])
	f.Add(gzipped(f, []byte("x")))
	f.Add([]byte("\x1f\x8b\x08\x04\x00\x00\x00\x00\x00\xff"))
	file, err := os.Create(filepath.Join(f.TempDir(), "f"))
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { file.Close() })
	f.Fuzz(func(t *testing.T, b []byte) {
		ctx := context.Background()
		in, err := newImportedFile(ctx, bytes.NewReader(b), -1)
		if err != nil {
			if !errors.Is(err, ErrNotSnapshot) && !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrNewer) {
				t.Errorf("got unexpected error %v", err)
			}
			return
		}
		if _, err := file.Seek(0, io.SeekStart); err != nil {
			t.Fatal(err)
		}
		if err := file.Truncate(0); err != nil {
			t.Fatal(err)
		}
		i, err := in.receive(ctx, &budgetedStream{File: file, budget: &budget{dir: t.TempDir()}}, "name", noProgress{})
		if err != nil {
			if !errors.Is(err, ErrDamaged) {
				t.Errorf("got unexpected error %v, want error %v", err, ErrDamaged)
			}
			return
		}
		if in.isNative {
			again, err := gzfile.Open(file, i.FileSize)
			if err == nil {
				err = again.Verify(ctx, nil, gzfile.Options{})
			}
			if err != nil || again.Header.Name != "name" {
				t.Errorf("Verify: got error %v for an accepted file, want no error", err)
			}
		}
	})
}

package guestfiles

import (
	"archive/tar"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vmterminal/app/job"
)

// archiveOf returns a tar archive of the given entries. Each file contains its name.
func archiveOf(t *testing.T, entries ...tar.Header) *bytes.Buffer {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, h := range entries {
		content := ""
		if h.Typeflag == tar.TypeReg {
			content = h.Name
		}
		h.Size, h.Mode = int64(len(content)), 0o644
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return &b
}

// unpackTo unpacks a guest's archive, as CopyOut does.
func unpackTo(r io.Reader, base, to string, recursive bool) (Copied, error) {
	return unpackSynced(r, base, to, recursive, syncTree)
}

func unpackSynced(r io.Reader, base, to string, recursive bool, sync func(string) error) (Copied, error) {
	u := unpacker{base: base, to: to, recursive: recursive, meter: job.NewDiscardMeter(), sync: sync}
	defer u.discard()
	err := u.unpack(r)
	if err == nil {
		err = u.commit()
	}
	return u.copied, err
}

// A folder gets its final name only after its contents are durable, so that a power failure
// leaves no truncated files in it.
func TestCopyOutSyncsFolder(t *testing.T) {
	entries := []tar.Header{entry(tar.TypeDir, "d/", ""), entry(tar.TypeDir, "d/sub/", ""), entry(tar.TypeReg, "d/sub/f", "")}
	for name, failure := range map[string]error{"synced": nil, "failing": errors.New("the device is gone")} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			to := filepath.Join(dir, "d")
			synced := 0
			_, err := unpackSynced(archiveOf(t, entries...), "d", to, true, func(folder string) error {
				synced++
				if got, err := os.ReadFile(filepath.Join(folder, "sub", "f")); err != nil || string(got) != "d/sub/f" {
					t.Errorf("file at sync: got %q, error %v, want its contents", got, err)
				}
				if _, err := os.Lstat(to); err == nil {
					t.Error("the folder has its final name before it is durable")
				}
				return errors.Join(failure, syncTree(folder))
			})
			if !errors.Is(err, failure) || failure == nil && err != nil || synced != 1 {
				t.Errorf("got %d syncs, error %v, want 1 sync, error %v", synced, err, failure)
			}
			left, err := os.ReadDir(dir)
			if err != nil || len(left) != 0 != (failure == nil) {
				t.Errorf("got files %v, error %v, want some only after a success", left, err)
			}
		})
	}
}

func entry(kind byte, name, link string) tar.Header {
	return tar.Header{Typeflag: kind, Name: name, Linkname: link}
}

// Nothing is written outside the destination, and nothing remains of rejected data.
func TestUnpackConfinesArchive(t *testing.T) {
	dir := entry(tar.TypeDir, "d/", "")
	for name, entries := range map[string][]tar.Header{
		"other name":             {entry(tar.TypeReg, "other", "")},
		"absolute":               {entry(tar.TypeReg, "/etc/passwd", "")},
		"device":                 {entry(tar.TypeBlock, "d", "")},
		"beside":                 {dir, entry(tar.TypeReg, "e", "")},
		"up":                     {dir, entry(tar.TypeReg, "d/../../up", "")},
		"up within":              {dir, entry(tar.TypeReg, "d/x/../../../up", "")},
		"through a link":         {dir, entry(tar.TypeSymlink, "d/out", "../.."), entry(tar.TypeReg, "d/out/up", "")},
		"through an absolute":    {dir, entry(tar.TypeSymlink, "d/out", "/tmp"), entry(tar.TypeReg, "d/out/up", "")},
		"onto a link":            {dir, entry(tar.TypeSymlink, "d/f", "../../up"), entry(tar.TypeReg, "d/f", "")},
		"hard link out":          {dir, entry(tar.TypeLink, "d/h", "/etc/passwd")},
		"hard link up":           {dir, entry(tar.TypeLink, "d/h", "d/../../outside")},
		"hard link over a link":  {dir, entry(tar.TypeSymlink, "d/s", "../.."), entry(tar.TypeLink, "d/h", "d/s/outside")},
		"twice":                  {dir, entry(tar.TypeReg, "d/f", ""), entry(tar.TypeReg, "d/f", "")},
		"the destination itself": {dir, entry(tar.TypeReg, "d", "")},
	} {
		t.Run(name, func(t *testing.T) {
			top := t.TempDir()
			home := filepath.Join(top, "a", "home")
			if err := os.MkdirAll(home, 0o700); err != nil {
				t.Fatal(err)
			}
			for _, f := range []string{filepath.Join(top, "outside"), filepath.Join(top, "a", "outside")} {
				if err := os.WriteFile(f, []byte("outside"), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := unpackTo(archiveOf(t, entries...), "d", filepath.Join(home, "d"), true); err == nil {
				t.Error("got no error, want the archive to be rejected")
			}
			var found []string
			_ = filepath.WalkDir(top, func(path string, _ os.DirEntry, _ error) error {
				found = append(found, strings.TrimPrefix(path, top))
				return nil
			})
			if got := strings.Join(found, " "); got != " /a /a/home /a/outside /outside" {
				t.Errorf("got files %s, want only the previous ones", got)
			}
		})
	}
}

func TestUnpackTruncatedArchive(t *testing.T) {
	whole := archiveOf(t, entry(tar.TypeDir, "d/", ""), entry(tar.TypeReg, "d/file", ""))
	for _, n := range []int{0, 100, 512, 600, 1024, 1027} {
		to := filepath.Join(t.TempDir(), "d")
		_, err := unpackTo(bytes.NewReader(whole.Bytes()[:n]), "d", to, true)
		if n == 512 && err == nil { // cut at the end of an entry: an archive of an empty folder
			continue
		}
		if !errors.Is(err, ErrCopy) {
			t.Errorf("%d bytes: got %v, want %v", n, err, ErrCopy)
		}
		if _, err := os.Lstat(to); err == nil {
			t.Errorf("%d bytes: partial data remains", n)
		}
	}
}

func TestUnpackReplacesFile(t *testing.T) {
	to := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(to, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	whole := archiveOf(t, entry(tar.TypeReg, "f", ""))
	if _, err := unpackTo(bytes.NewReader(whole.Bytes()[:512]), "f", to, false); err == nil {
		t.Error("truncated file: got no error, want one")
	}
	if text, _ := os.ReadFile(to); string(text) != "old" {
		t.Errorf("after a truncated archive: got %q, want the old contents", text)
	}
	if got, err := unpackTo(whole, "f", to, false); err != nil || got.Files != 1 || got.Bytes != 1 {
		t.Error(got, err)
	}
	if text, _ := os.ReadFile(to); string(text) != "f" {
		t.Errorf("got %q, want the new contents", text)
	}
}

// sparseArchive returns an archive in GNU tar's old format. It contains one file, which is size
// bytes long and consists of a hole.
func sparseArchive(t *testing.T, name string, size uint64) io.Reader {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	if err := w.WriteHeader(&tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: 0o644, Format: tar.FormatGNU}); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	alterHead(b.Bytes(), func(head []byte) {
		head[156] = tar.TypeGNUSparse
		head[483] = 0x80 // the size is in binary
		binary.BigEndian.PutUint64(head[487:], size)
	})
	return &b
}

// sparsePAXArchive is like sparseArchive, but uses the newer PAX format. A reader that ignores
// the PAX records finds a regular file.
func sparsePAXArchive(t *testing.T, name string, size uint64) io.Reader {
	t.Helper()
	records := ""
	for _, r := range []string{fmt.Sprintf("GNU.sparse.size=%d", size), "GNU.sparse.numblocks=1", "GNU.sparse.map=0,0"} {
		records += fmt.Sprintf("%d %s\n", len(r)+4, r) // the length includes its own two digits, a space and a newline
	}
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	if err := w.WriteHeader(&tar.Header{Name: "records", Typeflag: tar.TypeReg, Size: int64(len(records)), Format: tar.FormatUSTAR}); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, records); err != nil {
		t.Fatal(err)
	}
	if err := w.WriteHeader(&tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: 0o644, Format: tar.FormatUSTAR}); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	alterHead(b.Bytes(), func(head []byte) { head[156] = tar.TypeXHeader })
	return &b
}

// alterHead changes an archive's first header and corrects its checksum.
func alterHead(archive []byte, alter func(head []byte)) {
	head := archive[:512]
	alter(head)
	copy(head[148:], "        ")
	sum := 0
	for _, c := range head {
		sum += int(c)
	}
	copy(head[148:], fmt.Sprintf("%06o\x00 ", sum))
}

// A guest cannot make the host write more than the guest sends. It cannot send a folder instead
// of a file, or endless data.
func TestUnpackRejects(t *testing.T) {
	endless := io.MultiReader(archiveOf(t, entry(tar.TypeReg, "f", "")), zeros{})
	long := strings.Repeat("n/", maxPath)
	for name, archive := range map[string]io.Reader{
		"sparse":   sparseArchive(t, "f", 8<<40),
		"PAX":      sparsePAXArchive(t, "f", 64<<20),
		"a folder": archiveOf(t, entry(tar.TypeDir, "f/", "")),
		"endless":  endless,
		"deep":     archiveOf(t, entry(tar.TypeDir, "f/", ""), entry(tar.TypeReg, "f/"+long+"f", "")),
	} {
		dir := t.TempDir()
		if _, err := unpackTo(archive, "f", filepath.Join(dir, "f"), name == "deep"); !errors.Is(err, ErrCopy) {
			t.Errorf("%s: got %v, want %v", name, err, ErrCopy)
		}
		if left, _ := os.ReadDir(dir); len(left) > 0 {
			t.Errorf("%s: got remaining files %v, want none", name, left)
		}
	}
}

func TestUnpackLimitsFileCount(t *testing.T) {
	for entries, want := range map[int]error{maxEntries - 1: nil, maxEntries: ErrCopy} {
		u := unpacker{base: "f", to: filepath.Join(t.TempDir(), "f"), meter: job.NewDiscardMeter(), entries: entries}
		if err := u.unpack(archiveOf(t, entry(tar.TypeReg, "f", ""))); !errors.Is(err, want) {
			t.Errorf("after %d files: got %v, want %v", entries, err, want)
		}
		u.discard()
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// Links from a guest cannot point outside their own copy.
func TestUnpackSkipsEscapingLinks(t *testing.T) {
	to := filepath.Join(t.TempDir(), "d")
	got, err := unpackTo(archiveOf(t,
		entry(tar.TypeDir, "d/", ""), entry(tar.TypeDir, "d/sub/", ""), entry(tar.TypeReg, "d/sub/f", ""),
		entry(tar.TypeSymlink, "d/good", "sub/f"), entry(tar.TypeSymlink, "d/sub/good", "../sub"), entry(tar.TypeSymlink, "d/dangling", "later"),
		entry(tar.TypeSymlink, "d/absolute", "/etc"), entry(tar.TypeSymlink, "d/up", ".."), entry(tar.TypeSymlink, "d/sub/up", "../.."),
		entry(tar.TypeSymlink, "d/self", "."), entry(tar.TypeSymlink, "d/through", "sub/good/../.."),
		entry(tar.TypeSymlink, "d/self/self/placed", "../../missing/../x"),
	), "d", to, true)
	if err != nil {
		t.Fatal(err)
	}
	var links []string
	_ = filepath.WalkDir(to, func(path string, d fs.DirEntry, _ error) error {
		if d.Type() == fs.ModeSymlink {
			links = append(links, strings.TrimPrefix(path, to+"/"))
		}
		return nil
	})
	if got := strings.Join(links, " "); got != "dangling good self sub/good" {
		t.Errorf("got links %s, want those inside the copy", got)
	}
	if got.SkippedTotal != 5 || len(got.Skipped) != 5 {
		t.Errorf("got %d skipped paths %v, want 5", got.SkippedTotal, got.Skipped)
	}
}

func TestSkippedPathsAreLimited(t *testing.T) {
	var c Copied
	for range 3 * maxSkipped {
		c.addSkipped("x")
	}
	if len(c.Skipped) != maxSkipped || c.SkippedTotal != 3*maxSkipped {
		t.Errorf("got %d paths of %d, want %d of %d", len(c.Skipped), c.SkippedTotal, maxSkipped, 3*maxSkipped)
	}
}

// A destination below the working directory must not leave it through a link.
func TestCopyOutThroughLink(t *testing.T) {
	top := t.TempDir()
	t.Chdir(top)
	for _, dir := range []string{"here/sub", "elsewhere"} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(filepath.Join(top, "here"))
	for link, target := range map[string]string{"out": "../elsewhere", "in": "sub"} {
		if err := os.Symlink(target, link); err != nil {
			t.Fatal(err)
		}
	}
	for to, want := range map[string]bool{
		".": true, "new": true, "sub": true, "in": true, "in/new": true, filepath.Join(top, "here", "out"): true, "../elsewhere/x": true,
		"out": false, "out/": false, "out/new": false,
	} {
		if err := checkStaysInWorkDir(to); (err == nil) != want {
			t.Errorf("%s: got error %v, want accepted = %v", to, err, want)
		}
	}
}

package app

import (
	"archive/tar"
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// archive makes an archive of these entries, each with its name as content.
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

func entry(kind byte, name, link string) tar.Header {
	return tar.Header{Typeflag: kind, Name: name, Linkname: link}
}

// Whatever a guest sends, nothing is written but below the place that was named,
// and nothing of what was refused stays.
func TestGuestsArchivesStayInTheirPlace(t *testing.T) {
	dir := entry(tar.TypeDir, "d/", "")
	for name, entries := range map[string][]tar.Header{
		"other name":            {entry(tar.TypeReg, "other", "")},
		"absolute":              {entry(tar.TypeReg, "/etc/passwd", "")},
		"device":                {entry(tar.TypeBlock, "d", "")},
		"beside":                {dir, entry(tar.TypeReg, "e", "")},
		"up":                    {dir, entry(tar.TypeReg, "d/../../up", "")},
		"up within":             {dir, entry(tar.TypeReg, "d/x/../../../up", "")},
		"through a link":        {dir, entry(tar.TypeSymlink, "d/out", "../.."), entry(tar.TypeReg, "d/out/up", "")},
		"through an absolute":   {dir, entry(tar.TypeSymlink, "d/out", "/tmp"), entry(tar.TypeReg, "d/out/up", "")},
		"onto a link":           {dir, entry(tar.TypeSymlink, "d/f", "../../up"), entry(tar.TypeReg, "d/f", "")},
		"hard link out":         {dir, entry(tar.TypeLink, "d/h", "/etc/passwd")},
		"hard link up":          {dir, entry(tar.TypeLink, "d/h", "d/../../outside")},
		"hard link over a link": {dir, entry(tar.TypeSymlink, "d/s", "../.."), entry(tar.TypeLink, "d/h", "d/s/outside")},
		"twice":                 {dir, entry(tar.TypeReg, "d/f", ""), entry(tar.TypeReg, "d/f", "")},
		"the place itself":      {dir, entry(tar.TypeReg, "d", "")},
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
			if _, err := unpack(archiveOf(t, entries...), "d", filepath.Join(home, "d"), &meter{}); err == nil {
				t.Error("it is taken")
			}
			var found []string
			_ = filepath.WalkDir(top, func(path string, _ os.DirEntry, _ error) error {
				found = append(found, strings.TrimPrefix(path, top))
				return nil
			})
			if got := strings.Join(found, " "); got != " /a /a/home /a/outside /outside" {
				t.Errorf("there is %s", got)
			}
		})
	}
}

func TestCutArchive(t *testing.T) {
	whole := archiveOf(t, entry(tar.TypeDir, "d/", ""), entry(tar.TypeReg, "d/file", ""))
	for _, n := range []int{0, 100, 512, 600, 1024, 1027} {
		to := filepath.Join(t.TempDir(), "d")
		_, err := unpack(bytes.NewReader(whole.Bytes()[:n]), "d", to, &meter{})
		if n == 512 && err == nil { // a folder alone, cut where an entry ends
			continue
		}
		if !errors.Is(err, ErrCopy) && err == nil {
			t.Errorf("%d bytes: %v", n, err)
		}
		if _, err := os.Lstat(to); err == nil {
			t.Errorf("%d bytes: something stays", n)
		}
	}
}

func TestUnpackOneReplaces(t *testing.T) {
	to := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(to, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	whole := archiveOf(t, entry(tar.TypeReg, "f", ""))
	if _, err := unpack(bytes.NewReader(whole.Bytes()[:512]), "f", to, &meter{}); err == nil {
		t.Error("a file that is cut short is taken")
	}
	if text, _ := os.ReadFile(to); string(text) != "old" {
		t.Errorf("%q", text)
	}
	if got, err := unpack(whole, "f", to, &meter{}); err != nil || got.Files != 1 || got.Bytes != 1 {
		t.Error(got, err)
	}
	if text, _ := os.ReadFile(to); string(text) != "f" {
		t.Errorf("%q", text)
	}
}

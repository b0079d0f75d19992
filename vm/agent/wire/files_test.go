package wire

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

func TestFileListRoundTrip(t *testing.T) {
	want := []FileEntry{
		{Path: "/", Mode: 0o40755, Size: 4096, Modified: -1, Changed: 1 << 62, Inode: 1<<64 - 1, Owner: 1<<32 - 1, Group: 7},
		{Path: "/a b\nc \xff", Mode: 0o100644, Size: 1 << 50},
	}
	var list bytes.Buffer
	for _, f := range want {
		if err := WriteFileEntry(&list, f); err != nil {
			t.Fatal(err)
		}
	}
	var got []FileEntry
	if err := ReadFileList(&list, func(f FileEntry) { got = append(got, f) }); err != nil {
		t.Fatal(err)
	}
	if len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("got %+v, want the 2 written entries", got)
	}
}

func TestReadFileListErrors(t *testing.T) {
	for _, text := range []string{
		"nonsense\x00", "1 2 3 4 5 6 7 relative\x00", "1 2 3 4 5 6 /short\x00", "8 2 3 4 5 6 7 /octal\x00",
		"1 2 3 4 5 6 7 /cut", "\x00", strings.Repeat("x", 2*maxFileLine) + "\x00",
		"1 99999999999999999999 3 4 5 6 7 /large\x00",
	} {
		if err := ReadFileList(strings.NewReader(text), func(FileEntry) {}); !errors.Is(err, ErrBadFileList) {
			t.Errorf("%.60q: got error %v, want error %v", text, err, ErrBadFileList)
		}
	}
}

func FuzzFiles(f *testing.F) {
	f.Add([]byte("40755 4096 1 2 3 0 0 /\x00100644 3 1 2 4 0 0 /a\x00"))
	f.Fuzz(func(t *testing.T, text []byte) {
		var again bytes.Buffer
		n := 0
		err := ReadFileList(bytes.NewReader(text), func(f FileEntry) {
			n++
			_ = WriteFileEntry(&again, f)
		})
		m := 0
		if e := ReadFileList(&again, func(FileEntry) { m++ }); err == nil && (e != nil || m != n) {
			t.Errorf("got %d files, but %d after a round trip, with error %v", n, m, e)
		}
	})
}

// An endless list of long paths is rejected at the limit.
func TestReadFileListLimit(t *testing.T) {
	var line bytes.Buffer
	if err := WriteFileEntry(&line, FileEntry{Path: "/" + strings.Repeat("x", 4000)}); err != nil {
		t.Fatal(err)
	}
	total := 0
	err := ReadFileList(&repeating{text: line.Bytes()}, func(f FileEntry) { total += len(f.Path) })
	if !errors.Is(err, ErrBadFileList) || total > MaxFileListBytes {
		t.Errorf("got %v after %d bytes, want %v", err, total, ErrBadFileList)
	}
}

// repeating repeats a text endlessly.
type repeating struct {
	text []byte
	at   int
}

func (r *repeating) Read(p []byte) (n int, err error) {
	for n < len(p) {
		k := copy(p[n:], r.text[r.at:])
		n, r.at = n+k, (r.at+k)%len(r.text)
	}
	return n, nil
}

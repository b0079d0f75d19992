package wire

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

func TestFilesRoundTrip(t *testing.T) {
	want := []FileEntry{
		{Path: "/", Mode: 0o40755, Size: 4096, Modified: -1, Changed: 1 << 62, Inode: 1<<64 - 1, Owner: 1<<32 - 1, Group: 7},
		{Path: "/a b\nc \xff", Mode: 0o100644, Size: 1 << 50},
	}
	var list bytes.Buffer
	for _, f := range want {
		if err := WriteFile(&list, f); err != nil {
			t.Fatal(err)
		}
	}
	var got []FileEntry
	if err := ReadFiles(&list, func(f FileEntry) { got = append(got, f) }); err != nil {
		t.Fatal(err)
	}
	if len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("%+v", got)
	}
}

func TestBadFiles(t *testing.T) {
	for _, text := range []string{
		"nonsense\x00", "1 2 3 4 5 6 7 relative\x00", "1 2 3 4 5 6 /short\x00", "8 2 3 4 5 6 7 /octal\x00",
		"1 2 3 4 5 6 7 /cut", "\x00", strings.Repeat("x", 2*maxFileLine) + "\x00",
		"1 99999999999999999999 3 4 5 6 7 /large\x00",
	} {
		if err := ReadFiles(strings.NewReader(text), func(FileEntry) {}); !errors.Is(err, ErrBadFiles) {
			t.Errorf("%.60q: %v", text, err)
		}
	}
}

func FuzzFiles(f *testing.F) {
	f.Add([]byte("40755 4096 1 2 3 0 0 /\x00100644 3 1 2 4 0 0 /a\x00"))
	f.Fuzz(func(t *testing.T, text []byte) {
		var again bytes.Buffer
		n := 0
		err := ReadFiles(bytes.NewReader(text), func(f FileEntry) {
			n++
			_ = WriteFile(&again, f)
		})
		m := 0
		if e := ReadFiles(&again, func(FileEntry) { m++ }); err == nil && (e != nil || m != n) {
			t.Errorf("%d files, and then %d: %v", n, m, e)
		}
	})
}

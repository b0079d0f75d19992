package console

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"vmterminal/app/ondisk"
)

func TestLogIsBoundedAndContinues(t *testing.T) {
	dir := t.TempDir()
	path, old := filepath.Join(dir, "console.log"), filepath.Join(dir, "console.log.1")
	var all bytes.Buffer
	for round := range 3 {
		l, err := OpenLog(path, old)
		if err != nil {
			t.Fatal(err)
		}
		l.limit = 1000
		for i := range 100 {
			line := fmt.Sprintf("round %d line %d\n", round, i)
			all.WriteString(line)
			if _, err := l.Write([]byte(line)); err != nil {
				t.Fatal(err)
			}
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	for _, p := range []string{path, old} {
		info, err := os.Stat(p)
		if err != nil {
			t.Fatal(err)
		}
		if info.Size() > 1000 || info.Mode().Perm() != ondisk.FileMode {
			t.Fatalf("%s: %d bytes, mode %v", p, info.Size(), info.Mode())
		}
	}
	for _, n := range []int{0, 5, 50, 1100, 100000} {
		got, err := Tail(path, old, n)
		if err != nil {
			t.Fatal(err)
		}
		if len(got) > n || !bytes.HasSuffix(all.Bytes(), got) {
			t.Fatalf("tail of %d: %q is no end of the log", n, got)
		}
		if n >= 50 && !bytes.HasPrefix(got, []byte("round ")) {
			t.Fatalf("tail of %d begins with %.20q", n, got)
		}
		if n == 1100 && len(got) < 1050 {
			t.Fatalf("tail of %d has only %d bytes: the old part is missing", n, len(got))
		}
	}
}

func TestLogGoesOnAfterAnError(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "gone")
	if _, err := OpenLog(filepath.Join(dir, "a"), filepath.Join(dir, "b")); err == nil {
		t.Fatal("opened a log in a folder that is not there")
	}
	l := &Log{path: filepath.Join(dir, "a"), old: filepath.Join(dir, "b"), limit: 10}
	if _, err := l.Write([]byte("lost")); err == nil {
		t.Fatal("wrote into a folder that is not there")
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Write([]byte("kept")); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestTailOfNoLogIsEmpty(t *testing.T) {
	dir := t.TempDir()
	got, err := Tail(filepath.Join(dir, "a"), filepath.Join(dir, "b"), 100)
	if err != nil || len(got) != 0 {
		t.Fatalf("%q, %v", got, err)
	}
}

// FuzzLog: whatever a guest writes in whatever pieces, the log stays within its
// bounds and its tail is the end of what was written.
func FuzzLog(f *testing.F) {
	f.Add([]byte("one\ntwo\nthree\n"), 3, 7)
	f.Add(bytes.Repeat([]byte{0xff, 0x80, '\n', 0x1b}, 60), 64, 100)
	f.Add(bytes.Repeat([]byte("é"), 100), 1, 33)
	f.Fuzz(func(t *testing.T, text []byte, piece, tail int) {
		const limit = 64
		dir := t.TempDir()
		path, old := filepath.Join(dir, "console.log"), filepath.Join(dir, "console.log.1")
		l := &Log{path: path, old: old, limit: limit}
		piece, tail = max(1, min(piece, limit)), max(0, min(tail, 4*limit))
		for p := range slices.Chunk(text, piece) {
			if n, err := l.Write(p); n != len(p) || err != nil {
				t.Fatalf("%d of %d bytes, %v", n, len(p), err)
			}
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		for _, p := range []string{path, old} {
			if info, err := os.Stat(p); err == nil && info.Size() > limit {
				t.Fatalf("%s has %d bytes", p, info.Size())
			}
		}
		got, err := Tail(path, old, tail)
		if err != nil || len(got) > tail || !bytes.HasSuffix(text, got) {
			t.Fatalf("tail of %d: %q, %v is no end of the log", tail, got, err)
		}
	})
}

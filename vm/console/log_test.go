package console

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"vmterminal/snapshot/durable"
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
		if info.Size() > 1000 || info.Mode().Perm() != durable.FileMode {
			t.Fatalf("%s: got %d bytes, mode %v; want at most 1000 bytes, mode 0600", p, info.Size(), info.Mode())
		}
	}
	for _, n := range []int{0, 5, 50, 1100, 100000} {
		got, err := Tail(path, old, n)
		if err != nil {
			t.Fatal(err)
		}
		if len(got) > n || !bytes.HasSuffix(all.Bytes(), got) {
			t.Fatalf("Tail(%d) = %q, want the end of the log", n, got)
		}
		if n >= 50 && !bytes.HasPrefix(got, []byte("round ")) {
			t.Fatalf("Tail(%d) begins with %.20q, want the start of a line", n, got)
		}
		if n == 1100 && len(got) < 1050 {
			t.Fatalf("Tail(%d) has only %d bytes, want the end of the old file too", n, len(got))
		}
	}
}

func TestLogGoesOnAfterAnError(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "gone")
	if _, err := OpenLog(filepath.Join(dir, "a"), filepath.Join(dir, "b")); err == nil {
		t.Fatal("OpenLog in a missing folder: got no error, want one")
	}
	l := &Log{path: filepath.Join(dir, "a"), old: filepath.Join(dir, "b"), limit: 10}
	if _, err := l.Write([]byte("lost")); err == nil {
		t.Fatal("Write in a missing folder: got no error, want one")
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
		t.Fatalf("Tail: got %q, %v; want none", got, err)
	}
}

// No matter what a guest writes and in which pieces, the log stays within its limit, and its
// tail is the end of the output.
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
				t.Fatalf("Write = %d of %d bytes, %v; want all", n, len(p), err)
			}
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		for _, p := range []string{path, old} {
			if info, err := os.Stat(p); err == nil && info.Size() > limit {
				t.Fatalf("%s has %d bytes, want at most limit", p, info.Size())
			}
		}
		got, err := Tail(path, old, tail)
		if err != nil || len(got) > tail || !bytes.HasSuffix(text, got) {
			t.Fatalf("Tail(%d) = %q, %v; want the end of the output", tail, got, err)
		}
	})
}

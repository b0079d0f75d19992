package console

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
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

package blocklog

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// TestReplay compares the image for each crash of a log with the expected contents.
func TestReplay(t *testing.T) {
	dir := t.TempDir()
	image, state := filepath.Join(dir, "image"), filepath.Join(dir, "state")
	before := bytes.Repeat([]byte{9}, page)
	if err := os.WriteFile(image, append(before, make([]byte, 15*page)...), 0o600); err != nil {
		t.Fatal(err)
	}
	log := []Entry{write(page, page, 1), {}, write(2*page, page, 2), {}, write(0, 512, 3)}
	r, err := NewReplay(image, log)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	for _, c := range Crashes(log, Plan{Prefixes: -1}, rand.New(rand.NewPCG(1, 0))) {
		if err := r.Image(c, state); err != nil {
			t.Fatal(err)
		}
		want := append(bytes.Clone(before), make([]byte, 15*page)...)
		for _, e := range append(log[:c.Safe:c.Safe], c.Written...) {
			copy(want[e.Off:], e.Data)
		}
		if got, err := os.ReadFile(state); err != nil || !bytes.Equal(got, want) {
			t.Errorf("image after entry %d and %s differs (%v)", c.Safe, c.Description, err)
		}
	}
	if err := r.Image(Crash{}, state); err == nil {
		t.Error("an earlier crash: got no error")
	}
}

func TestCopyMakesHoles(t *testing.T) {
	dir := t.TempDir()
	from, to := filepath.Join(dir, "from"), filepath.Join(dir, "to")
	content := make([]byte, 4<<20)
	copy(content[3*page:], "text")
	content[len(content)-1] = 1
	if err := os.WriteFile(from, content, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Copy(to, from); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(to); err != nil || !bytes.Equal(got, content) {
		t.Errorf("the copy differs: %v", err)
	}
	var st unix.Stat_t
	if err := unix.Stat(to, &st); err != nil || st.Blocks*512 > 1<<20 {
		t.Errorf("the copy uses %d bytes (%v), want at most 1 MiB", st.Blocks*512, err)
	}
}

package snapshot

import (
	"bytes"
	"context"
	"os"
	"strings"
	"testing"

	"vmterminal/app/ondisk"
	"vmterminal/snapshot/diskfile"
)

// sparse makes the folder's disk: holes, but for the parts at their offsets.
func sparse(t *testing.T, dir ondisk.VMDir, size int64, parts map[int64][]byte) {
	t.Helper()
	f, err := os.Create(dir.Disk())
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for off, b := range parts {
		if _, err := f.WriteAt(b, off); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Truncate(size); err != nil {
		t.Fatal(err)
	}
}

func text(n int) []byte { return bytes.Repeat([]byte("all work and no play\n"), n/21+1)[:n] }

// shapes are disks as tools get to see them, some with a long header.
var shapes = map[string]struct {
	size        int64
	parts       map[int64][]byte
	description string
}{
	"mixed":        {6*mib + 77, map[int64][]byte{0: text(5000), mib - 512: content(1, mib), 6 * mib: text(77)}, "zeros, text and noise"},
	"odd end":      {2*mib + 1001, map[int64][]byte{2 * mib: content(2, 1001)}, ""},
	"zeros":        {5*mib + 5, nil, ""},
	"one byte":     {1, map[int64][]byte{0: {7}}, ""},
	"nothing":      {0, nil, ""},
	"long header":  {mib, map[int64][]byte{512: text(70)}, strings.Repeat("x", 4000)},
	"longest":      {mib, map[int64][]byte{512: text(70)}, strings.Repeat(`"`, MaxDescription)},
	"all but zero": {3 * mib, map[int64][]byte{0: bytes.Repeat([]byte{0xff}, 3*mib)}, ""},
}

// TestToolsReadOurs has all tools give back all shapes of disk.
func TestToolsReadOurs(t *testing.T) {
	dirs := map[string]ondisk.VMDir{}
	for name, c := range shapes {
		dir := vmDir(t, nil)
		sparse(t, dir, c.size, c.parts)
		req := Request{Name: "a", Description: c.description, VM: "default", Taken: TakenStopped}
		if _, err := Open(dir).Create(context.Background(), openDisk(t, dir), req, nil); err != nil {
			t.Fatal(err)
		}
		dirs[name] = dir
	}
	read := 0
	for tool, command := range unpackers {
		t.Run(tool, func(t *testing.T) {
			for name, dir := range dirs {
				c := shapes[name]
				if err := differs(with(t, command, Open(dir).file("a")), newHoles(c.size, c.parts)); err != nil {
					t.Errorf("%s: %v", name, err)
				}
			}
			read++
		})
	}
	if read < enough {
		t.Errorf("only %d tools were there", read)
	}
}

// TestToolsAreRead lists, verifies and restores what other tools made.
func TestToolsAreRead(t *testing.T) {
	for _, name := range []string{"mixed", "zeros", "one byte", "nothing"} {
		c := shapes[name]
		t.Run(name, func(t *testing.T) {
			dir := vmDir(t, nil)
			sparse(t, dir, c.size, c.parts)
			want := readFile(t, dir.Disk())
			made := map[string]bool{}
			for tool, command := range packers {
				t.Run(tool, func(t *testing.T) {
					if err := packed(with(t, command, dir.Disk()), Open(dir).file("f")); err != nil {
						t.Fatal(err)
					}
					restoresForeign(t, dir, want)
					made[command[0]] = true
				})
			}
			if len(made) < enough {
				t.Errorf("only %d tools were there", len(made))
			}
		})
	}
}

// restoresForeign holds the snapshot f against what it must give.
func restoresForeign(t *testing.T, dir ondisk.VMDir, want []byte) {
	t.Helper()
	if i := get(t, dir, "f"); !i.Foreign || i.State != StateImported {
		t.Errorf("listed as %+v", i)
	}
	target := ondisk.VMDir(t.TempDir()).Disk()
	r, err := Open(dir).Restore(context.Background(), "f", target, nil)
	if err != nil || !r.Info.Foreign || r.NewSize != int64(len(want)) || !bytes.Equal(readFile(t, target), want) {
		t.Errorf("restored %d bytes of %d, %v", r.NewSize, len(want), err)
	}
	v, err := Open(dir).Verify(context.Background(), "f", false, nil)
	if err != nil || v.Compared != comparedForeign {
		t.Errorf("verified %+v, %v", v, err)
	}
}

// TestToolsBeyond4GiB goes over the size at which the length in a gzip file
// starts anew, with the fastest tool there is.
func TestToolsBeyond4GiB(t *testing.T) {
	if testing.Short() {
		t.Skip("it unpacks 4 GiB twice")
	}
	const size = 4<<30 + 2*mib + 77
	parts := map[int64][]byte{mib: content(1, mib), 4<<30 - 999: text(5000), size - 7: text(7)}
	dir := vmDir(t, nil)
	sparse(t, dir, size, parts)
	t.Run("ours", func(t *testing.T) {
		create(t, dir, "a")
		if err := differs(with(t, unpackers["igzip"], Open(dir).file("a")), newHoles(size, parts)); err != nil {
			t.Error(err)
		}
	})
	t.Run("theirs", func(t *testing.T) {
		pack := with(t, []string{"igzip", "-0", "-c"}, "-")
		pack.Stdin = newHoles(size, parts)
		if err := packed(pack, Open(dir).file("f")); err != nil {
			t.Fatal(err)
		}
		target := ondisk.VMDir(t.TempDir()).Disk()
		r, err := Open(dir).Restore(context.Background(), "f", target, nil)
		if err != nil || r.NewSize != size {
			t.Fatalf("%d bytes, %v", r.NewSize, err)
		}
		back, err := OpenDisk(target)
		if err != nil {
			t.Fatal(err)
		}
		defer back.Close()
		for off, want := range parts {
			got := make([]byte, len(want))
			if _, err := back.ReadAt(got, off); err != nil || !bytes.Equal(got, want) {
				t.Errorf("at %d are other bytes, %v", off, err)
			}
		}
		if st, err := os.Stat(target); err != nil || diskfile.Used(st) > 2*mib {
			t.Errorf("it takes up %d bytes, %v", diskfile.Used(st), err)
		}
	})
}

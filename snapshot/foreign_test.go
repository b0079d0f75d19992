package snapshot

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"vmterminal/snapshot/diskfile"
)

// sparse creates the disk in dir, with the parts at their offsets and holes elsewhere.
func sparse(t *testing.T, dir Paths, size int64, parts map[int64][]byte) {
	t.Helper()
	f, err := os.Create(dir.Disk)
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

// shapes are disks for other tools to read, some with a long header.
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
	"sectors":      {6*mib + 1024, map[int64][]byte{0: text(5000), mib - 512: content(1, mib), 6 * mib: text(77)}, ""},
	"one sector":   {512, map[int64][]byte{511: {7}}, ""},
	"empty disk":   {5 * mib, nil, ""},
	"long header":  {mib, map[int64][]byte{512: text(70)}, strings.Repeat("x", 4000)},
	"longest":      {mib, map[int64][]byte{512: text(70)}, strings.Repeat(`"`, MaxDescription)},
	"all but zero": {3 * mib, map[int64][]byte{0: bytes.Repeat([]byte{0xff}, 3*mib)}, ""},
}

// TestToolsReadOurs decompresses snapshots of disks of all shapes with other tools.
func TestToolsReadOurs(t *testing.T) {
	dirs := map[string]Paths{}
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
				if err := differs(toolCommand(t, command, Open(dir).filePath("a")), newHoles(c.size, c.parts)); err != nil {
					t.Errorf("%s: got error %v, want no error", name, err)
				}
			}
			read++
		})
	}
	if read < enough {
		t.Errorf("%d tools are installed, want at least 8", read)
	}
}

// TestReadFilesOfOtherTools lists, verifies and restores files created by other tools.
func TestReadFilesOfOtherTools(t *testing.T) {
	for _, name := range []string{"sectors", "empty disk", "one sector"} {
		c := shapes[name]
		t.Run(name, func(t *testing.T) {
			dir := vmDir(t, nil)
			sparse(t, dir, c.size, c.parts)
			want := readFile(t, dir.Disk)
			made := map[string]bool{}
			for tool, command := range packers {
				t.Run(tool, func(t *testing.T) {
					if err := packed(toolCommand(t, command, dir.Disk), Open(dir).filePath("f")); err != nil {
						t.Fatal(err)
					}
					restoresForeign(t, dir, want)
					made[command[0]] = true
				})
			}
			if len(made) < enough {
				t.Errorf("%d tools are installed, want at least 8", len(made))
			}
		})
	}
}

// restoresForeign compares the snapshot f with the expected disk.
func restoresForeign(t *testing.T, dir Paths, want []byte) {
	t.Helper()
	if i := get(t, dir, "f"); !i.Foreign || i.State != StateImported {
		t.Errorf("got %+v, want Foreign, State %v", i, StateImported)
	}
	target := testPaths(t.TempDir()).Disk
	r, err := Open(dir).Restore(context.Background(), "f", target, nil)
	if err != nil || !r.Info.Foreign || r.NewSize != int64(len(want)) || !bytes.Equal(readFile(t, target), want) {
		t.Errorf("restored %d bytes of %d, error %v; want all %v, unchanged", r.NewSize, len(want), err, int64(len(want)))
	}
	v, err := Open(dir).Verify(context.Background(), "f", false, nil)
	if err != nil || v.Compared != ComparedForeign {
		t.Errorf("Verify: got %+v, %v; want Compared %v", v, err, ComparedForeign)
	}
}

// TestToolsBeyond4GiB uses disks larger than 4 GiB, where the length in a gzip file wraps
// around, with the fastest tool available.
func TestToolsBeyond4GiB(t *testing.T) {
	if testing.Short() {
		t.Skip("decompresses 4 GiB twice")
	}
	const size = 4<<30 + 2*mib + 512
	parts := map[int64][]byte{mib: content(1, mib), 4<<30 - 999: text(5000), size - 7: text(7)}
	dir := vmDir(t, nil)
	sparse(t, dir, size, parts)
	t.Run("ours", func(t *testing.T) {
		create(t, dir, "a")
		if err := differs(toolCommand(t, unpackers["igzip"], Open(dir).filePath("a")), newHoles(size, parts)); err != nil {
			t.Error(err)
		}
	})
	t.Run("theirs", func(t *testing.T) {
		pack := toolCommand(t, []string{"igzip", "-0", "-c"}, "-")
		pack.Stdin = newHoles(size, parts)
		if err := packed(pack, Open(dir).filePath("f")); err != nil {
			t.Fatal(err)
		}
		target := testPaths(t.TempDir()).Disk
		r, err := Open(dir).Restore(context.Background(), "f", target, nil)
		if err != nil || r.NewSize != size {
			t.Fatalf("got %d bytes, %v; want %v", r.NewSize, err, size)
		}
		back, err := OpenDisk(target)
		if err != nil {
			t.Fatal(err)
		}
		defer back.Close()
		for off, want := range parts {
			got := make([]byte, len(want))
			if _, err := back.ReadAt(got, off); err != nil || !bytes.Equal(got, want) {
				t.Errorf("at %d: got other bytes, or error %v", off, err)
			}
		}
		if st, err := os.Stat(target); err != nil || diskfile.Allocated(st) > 2*mib {
			t.Errorf("got %d allocated bytes, %v; want at most 2 MiB", diskfile.Allocated(st), err)
		}
	})
}

// notDisks returns gzip files whose contents cannot be a raw disk.
func notDisks(t *testing.T) map[string][]byte {
	t.Helper()
	dir := t.TempDir()
	raw := filepath.Join(dir, "raw")
	writeFile(t, raw, make([]byte, 4*mib))
	files := map[string][]byte{
		"nothing": nil, "five bytes": []byte("hello"), "half a sector more": make([]byte, 4*mib+256),
		"gzip": gzipped(t, make([]byte, 4*mib)), "a web page": []byte("<!DOCTYPE html>" + strings.Repeat(" ", 497)),
	}
	for name, args := range map[string][]string{
		"qcow2": {"qcow2"}, "vmdk": {"vmdk"}, "vdi": {"vdi"}, "vhdx": {"vhdx"}, "vhd": {"vpc"},
		"fixed vhd": {"vpc", "-o", "subformat=fixed,force_size=on"}, "streamed vmdk": {"vmdk", "-o", "subformat=streamOptimized"},
	} {
		to := filepath.Join(dir, strings.ReplaceAll(name, " ", "-"))
		args = slices.Concat([]string{"convert", "-f", "raw", "-O"}, args, []string{raw, to})
		if out, err := exec.Command("qemu-img", args...).CombinedOutput(); err != nil {
			t.Fatalf("%v: got %s, want no error", err, out)
		}
		files[name] = readFile(t, to)
	}
	return files
}

func TestForeignFileWithoutDisk(t *testing.T) {
	for name, b := range notDisks(t) {
		t.Run(name, func(t *testing.T) {
			before := content(1, mib)
			dir, packed := vmDir(t, before), gzipped(t, b)
			store := Open(dir)
			writeFile(t, store.filePath("f"), packed)
			if _, err := store.Restore(t.Context(), "f", dir.Disk, nil); !errors.Is(err, ErrDamaged) {
				t.Errorf("restore: got error %v, want error %v", err, ErrDamaged)
			}
			if !bytes.Equal(readFile(t, dir.Disk), before) {
				t.Error("got a changed disk, want the same")
			}
			if _, err := store.Verify(t.Context(), "f", false, nil); !errors.Is(err, ErrDamaged) {
				t.Errorf("verify: got error %v, want error %v", err, ErrDamaged)
			}
			if _, err := store.Import(t.Context(), bytes.NewReader(packed), "g", int64(len(packed)), nil); !errors.Is(err, ErrDamaged) {
				t.Errorf("import: got error %v, want error %v", err, ErrDamaged)
			}
			if _, err := os.Stat(store.filePath("g")); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("file of a rejected import: got error %v, want error %v", err, os.ErrNotExist)
			}
		})
	}
}

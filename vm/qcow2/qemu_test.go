package qcow2_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"vmterminal/vm/qcow2"
)

const (
	cluster = qcow2.ClusterSize
	tableOf = 512 << 20 // bytes of the disk per L2 table
)

type object map[string]any

func fileNode(path string) object { return object{"driver": "file", "filename": path} }

func jsonName(t *testing.T, node object) string {
	t.Helper()
	b, err := json.Marshal(node)
	if err != nil {
		t.Fatal(err)
	}
	return "json:" + string(b)
}

func run(t *testing.T, name string, args ...string) []byte {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %.200q: %v: %s", name, args, err, out)
	}
	return out
}

func create(t *testing.T, size int64) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "overlay,x.qcow2")
	if err := qcow2.Create(path, size); err != nil {
		t.Fatal(err)
	}
	return path
}

func open(t *testing.T, path string) *qcow2.Overlay {
	t.Helper()
	o, err := qcow2.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = o.Close() })
	return o
}

func TestCreateIsEmptyQcow2(t *testing.T) {
	for _, size := range []int64{512, 1 << 20, 10 << 30, tableOf, tableOf + 512, 8 << 40, 64 << 40} {
		path := create(t, size)
		spec := jsonName(t, object{"driver": "qcow2", "file": fileNode(path)})
		run(t, "qemu-img", "check", spec)
		var info struct {
			Size    int64 `json:"virtual-size"`
			Cluster int64 `json:"cluster-size"`
			Actual  int64 `json:"actual-size"`
		}
		out := run(t, "qemu-img", "info", "--output=json", spec)
		if err := json.Unmarshal(out, &info); err != nil || info.Size != size || info.Cluster != cluster || info.Actual > 64<<10 {
			t.Errorf("qemu-img info of an overlay for %d bytes: %s, error %v", size, out, err)
		}
		o := open(t, path)
		if ranges, err := o.Allocated(); o.Size() != size || len(ranges) > 0 || err != nil {
			t.Errorf("empty overlay: got size %d, ranges %v, error %v; want %d bytes and nothing allocated", o.Size(), ranges, err, size)
		}
	}
}

func TestCreateRejects(t *testing.T) {
	for _, size := range []int64{-1, 0, 1000, 64<<40 + 512} {
		path := filepath.Join(t.TempDir(), "f")
		if err := qcow2.Create(path, size); err == nil {
			t.Errorf("Create(%d): got no error, want one", size)
		}
		if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("Create(%d) that fails: got a file (%v), want none", size, err)
		}
	}
	path := create(t, 512)
	if err := qcow2.Create(path, 1<<20); !errors.Is(err, os.ErrExist) {
		t.Errorf("existing file: got error %v, want %v", err, os.ErrExist)
	}
	if size := open(t, path).Size(); size != 512 {
		t.Errorf("existing file: got a disk of %d bytes, want it unchanged, 512", size)
	}
}

// randomCommands returns n commands of qemu-io that change a disk of size bytes.
func randomCommands(rnd *rand.Rand, n int, size int64) (commands []string) {
	for range n {
		limit := []int64{4 << 10, 64 << 10, 512 << 10}[rnd.IntN(3)]
		off := rnd.Int64N(size/512) * 512
		length := min((1+rnd.Int64N(limit/512))*512, size-off)
		if rnd.IntN(4) == 0 { // whole clusters
			off = off / cluster * cluster
			length = min((length/cluster+1)*cluster, size-off)
		}
		kind := []string{
			fmt.Sprintf("write -q -P %d", 1+rnd.IntN(255)), fmt.Sprintf("write -q -P %d", 1+rnd.IntN(255)),
			"write -q -P 0", "write -q -z", "write -q -z -u", "discard -q",
		}[rnd.IntN(6)]
		commands = append(commands, fmt.Sprintf("%s %d %d", kind, off, length))
	}
	return commands
}

func TestApplyMatchesQEMU(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	cases := map[string]struct {
		size, backing int64
		commands      []string
		want          []qcow2.Range // if known
	}{
		"nothing": {size: 4 * cluster, backing: 4 * cluster},
		"two writes": {
			size: 8 * cluster, backing: 8 * cluster,
			commands: []string{"write -P 5 70000 100", "write -P 6 200000 200000"},
			want:     []qcow2.Range{{cluster, 2 * cluster}, {3 * cluster, 7 * cluster}},
		},
		"discard": {
			size: 8 * cluster, backing: 8 * cluster,
			commands: []string{"write -P 5 65536 131072", "discard 65536 65536", "discard 393216 131072"},
			want:     []qcow2.Range{{cluster, 3 * cluster}, {6 * cluster, 8 * cluster}},
		},
		"zeros with data": {
			size: 4 * cluster, backing: 4 * cluster,
			commands: []string{"write -P 5 0 131072", "write -z 0 65536", "write -z -u 65536 65536"},
			want:     []qcow2.Range{{0, 2 * cluster}},
		},
		"partial cluster at the end": {
			size: 3*cluster + 1536, backing: 3*cluster + 1536,
			commands: []string{"write -P 7 196608 1536"},
			want:     []qcow2.Range{{3 * cluster, 3*cluster + 1536}},
		},
		"partial cluster of zeros": {
			size: 3*cluster + 512, backing: 3*cluster + 512,
			commands: []string{"write -z 196608 512"},
			want:     []qcow2.Range{{3 * cluster, 3*cluster + 512}},
		},
		"shorter backing": {size: 9*cluster + 512, backing: 2*cluster + 1024, commands: []string{"write -P 9 131072 512", "write -P 3 500000 100"}},
	}
	for i := range 4 {
		size := 64*cluster - int64(i)*1024
		c := cases["nothing"]
		c.size, c.backing, c.commands = size, size, randomCommands(rnd, 300, size)
		cases[fmt.Sprintf("random %d", i)] = c
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			overlay, backing := create(t, c.size), filepath.Join(t.TempDir(), "backing")
			writeNoise(t, backing, c.backing)
			checkApply(t, overlay, backing, c.commands, c.want)
		})
	}
}

// writeNoise creates a file that is size bytes long, without zeros.
func writeNoise(t *testing.T, path string, size int64) {
	t.Helper()
	if err := os.WriteFile(path, bytes.Repeat([]byte("before!\n"), int(size/8)), 0o600); err != nil {
		t.Fatal(err)
	}
}

// checkApply runs commands on the overlay and compares the disk that QEMU sees with the result
// of ApplyTo.
func checkApply(t *testing.T, overlay, backing string, commands []string, want []qcow2.Range) {
	t.Helper()
	node := object{
		"driver": "qcow2", "discard": "unmap", "file": fileNode(overlay),
		"backing": object{"driver": "raw", "file": fileNode(backing), "read-only": true},
	}
	spec := jsonName(t, node)
	if len(commands) > 0 {
		args := []string{spec}
		for _, c := range commands {
			args = append(args, "-c", c)
		}
		run(t, "qemu-io", args...)
	}
	o := open(t, overlay)
	ranges, err := o.Allocated()
	if err != nil || want != nil && !slices.Equal(ranges, want) {
		t.Errorf("Allocated: got %v, error %v; want %v", ranges, err, want)
	}
	converted := filepath.Join(t.TempDir(), "converted")
	run(t, "qemu-img", "convert", "-O", "raw", spec, converted)
	before, err := os.ReadFile(backing)
	if err != nil {
		t.Fatal(err)
	}
	const tail = "after the disk"
	disk := append(make([]byte, o.Size()), tail...)
	copy(disk, before)
	wantDisk := append(readFile(t, converted), tail...)
	dst := fileWith(t, disk)
	for range 2 { // the second time changes nothing
		total := int64(0)
		if err := o.ApplyTo(t.Context(), dst, func(n int64) { total += n }); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(readFile(t, dst.Name()), wantDisk) {
			t.Error("ApplyTo: the disk differs from that of qemu-img convert")
		}
		if want := length(ranges); total != want {
			t.Errorf("progress: got %d bytes, want %d", total, want)
		}
	}
	checkRanges(t, ranges, before, wantDisk[:o.Size()])
}

// checkRanges verifies that ranges are ascending, have gaps, and contain every difference.
func checkRanges(t *testing.T, ranges []qcow2.Range, before, after []byte) {
	t.Helper()
	disk := make([]byte, len(after))
	copy(disk, before)
	last := int64(-1)
	for _, r := range ranges {
		if r.Start <= last || r.Start >= r.End || r.End > int64(len(after)) {
			t.Fatalf("Allocated: got the range %v after byte %d of %d", r, last, len(after))
		}
		last = r.End
		copy(disk[r.Start:r.End], after[r.Start:r.End])
	}
	if !bytes.Equal(disk, after) {
		t.Error("Allocated: got ranges without some of the differences, want all")
	}
}

func length(ranges []qcow2.Range) (sum int64) {
	for _, r := range ranges {
		sum += r.End - r.Start
	}
	return sum
}

func readFile(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func fileWith(t *testing.T, data []byte) *os.File {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "disk"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	if _, err := f.Write(data); err != nil {
		t.Fatal(err)
	}
	return f
}

func TestApplyWithSeveralTables(t *testing.T) {
	path := create(t, 2*tableOf+512)
	spec := jsonName(t, object{"driver": "qcow2", "file": fileNode(path)})
	run(t, "qemu-io", spec, "-c", "write -P 1 536805376 131072", "-c", "write -P 2 1073741824 512")
	o := open(t, path)
	ranges, err := o.Allocated()
	want := []qcow2.Range{{tableOf - cluster, tableOf + cluster}, {2 * tableOf, 2*tableOf + 512}}
	if err != nil || !slices.Equal(ranges, want) {
		t.Errorf("Allocated: got %v, error %v; want %v", ranges, err, want)
	}
	dst := fileWith(t, nil)
	if err := errors.Join(dst.Truncate(o.Size()), o.ApplyTo(t.Context(), dst, nil)); err != nil {
		t.Fatal(err)
	}
	run(t, "qemu-img", "compare", spec, jsonName(t, object{"driver": "raw", "file": fileNode(dst.Name())}))
}

// A QEMU that is killed leaves the dirty bit set.
func TestDirtyOverlayIsRead(t *testing.T) {
	path := create(t, 4*cluster)
	spec := jsonName(t, object{"driver": "qcow2", "lazy-refcounts": true, "file": fileNode(path)})
	out, err := exec.Command("qemu-io", spec, "-c", "write -P 5 0 65536", "-c", "flush", "-c", "sigraise 9").CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.Exited() {
		t.Fatalf("qemu-io: got %s, error %v; want it to be killed", out, err)
	}
	if features := readFile(t, path)[72:80]; !bytes.Equal(features, be64(1)) {
		t.Fatalf("got features %x, want only the dirty bit", features)
	}
	want := []qcow2.Range{{0, cluster}}
	if ranges, err := open(t, path).Allocated(); err != nil || !slices.Equal(ranges, want) {
		t.Errorf("got %v, error %v; want %v", ranges, err, want)
	}
}

// After a power cut, data that the guest did not flush may be missing. QEMU reads zeros there,
// and so must we.
func TestMissingDataIsZeros(t *testing.T) {
	overlay, backing := create(t, 8*cluster), filepath.Join(t.TempDir(), "backing")
	writeNoise(t, backing, 8*cluster)
	checkApply(t, overlay, backing, []string{"write -P 5 0 196608"}, []qcow2.Range{{0, 3 * cluster}})
	info, err := os.Stat(overlay)
	if err != nil {
		t.Fatal(err)
	}
	for _, missing := range []int64{512, cluster - 512, cluster, 2*cluster + 512} {
		if err := os.Truncate(overlay, info.Size()-missing); err != nil {
			t.Fatal(err)
		}
		checkApply(t, overlay, backing, nil, []qcow2.Range{{0, 3 * cluster}})
	}
}

func TestApplyIsCanceled(t *testing.T) {
	o := open(t, sample(t))
	ctx, cancel := context.WithCancel(t.Context())
	dst := fileWith(t, make([]byte, o.Size()))
	calls := 0
	err := o.ApplyTo(ctx, dst, func(int64) {
		calls++
		cancel()
	})
	if !errors.Is(err, context.Canceled) || calls != 1 {
		t.Errorf("got error %v after %d calls of progress, want %v after 1", err, calls, context.Canceled)
	}
}

func TestApplyRejectsShortDisk(t *testing.T) {
	o := open(t, sample(t))
	dst := fileWith(t, make([]byte, o.Size()-1))
	if err := o.ApplyTo(t.Context(), dst, nil); err == nil {
		t.Error("got no error, want one")
	}
	if got := readFile(t, dst.Name()); !bytes.Equal(got, make([]byte, o.Size()-1)) {
		t.Error("got a changed disk, want it unchanged")
	}
}

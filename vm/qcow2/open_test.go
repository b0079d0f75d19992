package qcow2_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"vmterminal/vm/qcow2"
)

// The clusters of the file that sample returns.
const (
	refcountTable = (1 + iota) * cluster
	refcountBlock
	l1Table
	l2Table
	dataA
	dataB
	sampleEnd
)

const (
	sampleSize = 6*cluster - 512

	copied     = 1 << 63
	compressed = 1 << 62
	zero       = 1
)

// put changes a file, which it may extend.
func put(t testing.TB, path string, off int64, value []byte) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt(value, off); err != nil {
		t.Fatal(err)
	}
}

func be16(v uint16) []byte { return binary.BigEndian.AppendUint16(nil, v) }

func be32(v uint32) []byte { return binary.BigEndian.AppendUint32(nil, v) }

func be64(v ...uint64) (b []byte) {
	for _, v := range v {
		b = binary.BigEndian.AppendUint64(b, v)
	}
	return b
}

// sample returns an overlay whose disk has, cluster by cluster: data, nothing, zeros, zeros
// with data, data that partly consists of zeros, nothing.
func sample(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "sample.qcow2")
	if err := qcow2.Create(path, sampleSize); err != nil {
		t.Fatal(err)
	}
	const end = sampleEnd
	put(t, path, l1Table, be64(copied|l2Table))
	put(t, path, l2Table, be64(copied|dataA, 0, zero, copied|dataB|zero, copied|end))
	put(t, path, l2Table+cluster-8, be64(0))
	put(t, path, dataA, bytes.Repeat([]byte("A"), cluster))
	put(t, path, dataB, bytes.Repeat([]byte("B"), cluster))
	put(t, path, end, append(make([]byte, cluster-5000), bytes.Repeat([]byte("C"), 5000)...))
	for i := range int64(8) {
		put(t, path, refcountBlock+i*2, be16(1))
	}
	return path
}

func TestSampleIsValid(t *testing.T) {
	run(t, "qemu-img", "check", jsonName(t, object{"driver": "qcow2", "file": fileNode(sample(t))}))
	o := open(t, sample(t))
	before := bytes.Repeat([]byte("-"), sampleSize)
	dst := fileWith(t, before)
	if err := o.ApplyTo(t.Context(), dst, nil); err != nil {
		t.Fatal(err)
	}
	want := bytes.Clone(before)
	copy(want, bytes.Repeat([]byte("A"), cluster))
	clear(want[2*cluster : 5*cluster])
	copy(want[5*cluster-5000:], bytes.Repeat([]byte("C"), 5000))
	if !bytes.Equal(readFile(t, dst.Name()), want) {
		t.Error("ApplyTo: got another disk than the sample describes")
	}
}

func TestOpenRejects(t *testing.T) {
	const end = sampleEnd + cluster
	cases := []struct {
		name  string
		off   int64
		value []byte
		want  error
	}{
		{"magic", 0, []byte("QFJ"), qcow2.ErrDamaged},
		{"empty header", 0, make([]byte, cluster), qcow2.ErrDamaged},
		{"version 2", 4, be32(2), qcow2.ErrUnsupported},
		{"version 4", 4, be32(4), qcow2.ErrUnsupported},
		{"offset of a backing file", 8, be64(200), qcow2.ErrUnsupported},
		{"length of a backing file", 16, be32(5), qcow2.ErrUnsupported},
		{"small clusters", 20, be32(15), qcow2.ErrUnsupported},
		{"no disk", 24, be64(0), qcow2.ErrDamaged},
		{"disk of half a sector", 24, be64(sampleSize - 256), qcow2.ErrDamaged},
		{"larger disk", 24, be64(tableOf + 512), qcow2.ErrDamaged},
		{"huge disk", 24, be64(64<<40 + 512), qcow2.ErrUnsupported},
		{"encryption", 32, be32(1), qcow2.ErrUnsupported},
		{"no L1 table", 36, be32(0), qcow2.ErrDamaged},
		{"long L1 table", 36, be32(1 << 31), qcow2.ErrDamaged},
		{"L1 table at 0", 40, be64(0), qcow2.ErrDamaged},
		{"L1 table between clusters", 40, be64(l1Table + 512), qcow2.ErrDamaged},
		{"L1 table past the end", 40, be64(end), qcow2.ErrDamaged},
		{"L1 table far away", 40, be64(1<<64 - cluster), qcow2.ErrDamaged},
		{"L1 table that is the refcount table", 40, be64(refcountTable), qcow2.ErrDamaged},
		{"refcount table at 0", 48, be64(0), qcow2.ErrDamaged},
		{"refcount table past the end", 48, be64(end), qcow2.ErrDamaged},
		{"no refcount table", 56, be32(0), qcow2.ErrDamaged},
		{"long refcount table", 56, be32(1000), qcow2.ErrDamaged},
		{"refcount table over other tables", 56, be32(2), qcow2.ErrDamaged},
		{"snapshots", 60, be32(1), qcow2.ErrUnsupported},
		{"corrupt", 72, be64(2), qcow2.ErrDamaged},
		{"corrupt and dirty", 72, be64(3), qcow2.ErrDamaged},
		{"data file", 72, be64(4), qcow2.ErrUnsupported},
		{"extended L2 entries", 72, be64(16), qcow2.ErrUnsupported},
		{"unknown feature", 72, be64(1 << 40), qcow2.ErrUnsupported},
		{"wide refcounts", 96, be32(5), qcow2.ErrUnsupported},
		{"short header", 100, be32(72), qcow2.ErrDamaged},
		{"odd header", 100, be32(105), qcow2.ErrDamaged},
		{"long header", 100, be32(cluster + 8), qcow2.ErrDamaged},
		{"compression type", 100, append(be32(112), 1), qcow2.ErrUnsupported},
		{"name of a data file", 104, be32(0x44415441), qcow2.ErrUnsupported},
		{"bitmaps", 104, be32(0x23852875), qcow2.ErrUnsupported},
		{"long extension", 104, append(be32(0x6803f857), be32(1<<31)...), qcow2.ErrDamaged},
		{"refcount block past the end", refcountTable, be64(end), qcow2.ErrDamaged},
		{"refcount block twice", refcountTable + 8, be64(refcountBlock), qcow2.ErrDamaged},
		{"reserved bit of a refcount block", refcountTable, be64(refcountBlock | 1), qcow2.ErrDamaged},
		{"L2 table past the end", l1Table, be64(copied | end), qcow2.ErrDamaged},
		{"L2 table between clusters", l1Table, be64(copied | l2Table + 512), qcow2.ErrDamaged},
		{"L2 table that is the header", l1Table, be64(copied), qcow2.ErrDamaged},
		{"L2 table that is the L1 table", l1Table, be64(copied | l1Table), qcow2.ErrDamaged},
		{"reserved bit of an L1 entry", l1Table, be64(copied | l2Table | 1<<60), qcow2.ErrDamaged},
		{"zero bit of an L1 entry", l1Table, be64(copied | l2Table | zero), qcow2.ErrDamaged},
		{"compressed cluster", l2Table, be64(compressed | dataA), qcow2.ErrUnsupported},
		{"reserved bit of an L2 entry", l2Table, be64(copied | dataA | 1<<57), qcow2.ErrDamaged},
		{"reserved low bit of an L2 entry", l2Table, be64(copied | dataA | 2), qcow2.ErrDamaged},
		{"data between clusters", l2Table, be64(copied | dataA + 512), qcow2.ErrDamaged},
		{"data in the header", l2Table, be64(copied), qcow2.ErrDamaged},
		{"data in the L1 table", l2Table, be64(copied | l1Table), qcow2.ErrDamaged},
		{"data in the L2 table", l2Table, be64(copied | l2Table), qcow2.ErrDamaged},
		{"data in a refcount block", l2Table, be64(copied | refcountBlock), qcow2.ErrDamaged},
		{"data twice", l2Table + 8, be64(copied | dataA), qcow2.ErrDamaged},
		{"data of zeros twice", l2Table + 8, be64(copied | dataB | zero), qcow2.ErrDamaged},
		{"data past the end", l2Table + 8, be64(copied | end), qcow2.ErrDamaged},
		{"data far past the end", l2Table + 8, be64(copied | 1<<30), qcow2.ErrDamaged},
		{"data past any possible end", l2Table + 8, be64(copied | 1<<55), qcow2.ErrDamaged},
		{"last cluster", l2Table + 5*8, be64(copied | dataA), qcow2.ErrDamaged},
	}
	for _, c := range cases {
		path := sample(t)
		put(t, path, c.off, c.value)
		checkRejected(t, c.name, path, c.want)
	}
	for _, size := range []int64{0, 71, cluster - 1, cluster, l2Table, l2Table + cluster - 1} {
		path := sample(t)
		if err := os.Truncate(path, size); err != nil {
			t.Fatal(err)
		}
		checkRejected(t, "truncated", path, qcow2.ErrDamaged)
	}
	checkRejected(t, "folder", t.TempDir(), qcow2.ErrUnsupported)
	checkRejected(t, "missing", filepath.Join(t.TempDir(), "x"), os.ErrNotExist)
}

func checkRejected(t *testing.T, name, path string, want error) {
	t.Helper()
	o, err := qcow2.Open(path)
	if !errors.Is(err, want) {
		t.Errorf("%s: got error %v, want %v", name, err, want)
	}
	if err == nil {
		_ = o.Close()
	}
}

func TestOpenAccepts(t *testing.T) {
	cases := []struct {
		name  string
		off   int64
		value []byte
	}{
		{"dirty", 72, be64(1)},
		{"lazy refcounts", 80, be64(1)},
		{"longer header", 100, append(be32(112), 0)},
		{"names of features", 104, append(be32(0x6803f857), be32(48)...)},
		{"entry past the disk's end", l2Table + 6*8, be64(copied | dataA)},
	}
	for _, c := range cases {
		path := sample(t)
		put(t, path, c.off, c.value)
		if ranges, err := open(t, path).Allocated(); err != nil || length(ranges) != 4*cluster {
			t.Errorf("%s: got %v, error %v; want 4 clusters", c.name, ranges, err)
		}
	}
}

// Each table of a large overlay is read on its own.
func TestMemoryIsBounded(t *testing.T) {
	const tables = 1024
	path := create(t, tables*tableOf)
	for i := range int64(tables) {
		at := l2Table + i*cluster
		put(t, path, l1Table+i*8, be64(copied|uint64(at)))
		put(t, path, at+cluster-8, be64(zero))
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	ranges, err := open(t, path).Allocated()
	runtime.ReadMemStats(&after)
	if err != nil || len(ranges) != tables {
		t.Errorf("got %d ranges, error %v; want %d", len(ranges), err, tables)
	}
	if used := after.TotalAlloc - before.TotalAlloc; used > 4<<20 {
		t.Errorf("got %d KiB allocated, want at most 4096", used>>10)
	}
}

// FuzzOpen replaces fields of the sample. Each takes 10 bytes: the cluster, the position in it
// and the value.
func FuzzOpen(f *testing.F) {
	f.Add([]byte{}, uint32(8*cluster))
	f.Add(append([]byte{3, 0}, be64(copied|l2Table)...), uint32(7*cluster))
	f.Add(append([]byte{0, 6}, be64(1<<40)...), uint32(8*cluster))
	f.Add(append([]byte{0, 9}, be64(1<<32|l1Table>>32)...), uint32(8*cluster))
	f.Add(append([]byte{4, 2}, be64(copied|dataB)...), uint32(8*cluster))
	f.Add(append(append([]byte{4, 0}, be64(zero)...), append([]byte{1, 2}, be64(sampleEnd)...)...), uint32(6*cluster+100))
	whole, err := os.ReadFile(sample(f))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, fields []byte, size uint32) {
		data := bytes.Clone(whole)
		for ; len(fields) >= 10; fields = fields[10:] {
			copy(data[int(fields[0]%8)*cluster+int(fields[1])*4:], fields[2:10])
		}
		data = data[:min(int(size), len(data))]
		o, err := qcow2.Open(fileWith(t, data).Name())
		if err != nil {
			if !errors.Is(err, qcow2.ErrDamaged) && !errors.Is(err, qcow2.ErrUnsupported) {
				t.Errorf("got error %v, want ErrDamaged or ErrUnsupported", err)
			}
			return
		}
		defer func() { _ = o.Close() }()
		ranges, err := o.Allocated()
		if err != nil {
			t.Fatal(err)
		}
		if n := len(ranges); n > 0 && ranges[n-1].End > o.Size() {
			t.Errorf("got ranges up to byte %d of %d", ranges[n-1].End, o.Size())
		}
		dst := fileWith(t, nil)
		if err := dst.Truncate(o.Size()); err != nil {
			t.Fatal(err)
		}
		if err := o.ApplyTo(t.Context(), dst, nil); err != nil {
			t.Error(err)
		}
		if info, err := dst.Stat(); err != nil || info.Size() != o.Size() {
			t.Errorf("got a disk of %d bytes, error %v; want %d", info.Size(), err, o.Size())
		}
	})
}

package gzfile

import (
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"sync"
	"testing"
	"time"
)

// memory is a disk in memory: a Source with given data ranges, and a Target.
type memory struct {
	mu   sync.Mutex
	b    []byte
	data [][2]int64 // if nil, everything is data
}

func (m *memory) Size() int64 { return int64(len(m.b)) }

func (m *memory) ReadAt(p []byte, off int64) (int, error) {
	return bytes.NewReader(m.b).ReadAt(p, off)
}

func (m *memory) NextData(off int64) (start, end int64, err error) {
	if m.data == nil {
		return off, m.Size(), nil
	}
	for _, r := range m.data {
		if off < r[1] {
			return max(off, r[0]), r[1], nil
		}
	}
	return m.Size(), m.Size(), nil
}

func (m *memory) WriteAt(p []byte, off int64) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if need := int(off) + len(p) - len(m.b); need > 0 {
		m.b = append(m.b, make([]byte, need)...)
	}
	return copy(m.b[off:], p), nil
}

// sink implements Sink.
func (m *memory) sink(off int64, content []byte) error {
	_, err := m.WriteAt(content, off)
	return err
}

const mib = 1 << 20

// text returns n bytes that compress about as well as typical files.
func text(seed uint64, n int) []byte {
	r := rand.New(rand.NewPCG(seed, 1))
	words := make([][]byte, 300)
	for i := range words {
		words[i] = make([]byte, 2+r.IntN(9))
		for j := range words[i] {
			words[i][j] = byte('a' + r.IntN(26))
		}
	}
	var b []byte
	for len(b) < n {
		b = append(append(b, words[r.IntN(len(words))]...), ' ')
	}
	return b[:n]
}

func random(seed uint64, n int) []byte {
	b := make([]byte, n)
	r := rand.NewChaCha8([32]byte{byte(seed)})
	_, _ = r.Read(b)
	return b
}

// place returns a disk of the given size, with parts at offsets that are multiples of 512.
func place(size int, parts map[int][]byte) *memory {
	m := &memory{b: make([]byte, size), data: [][2]int64{}}
	for off := 0; off < size; off += 512 {
		if p, ok := parts[off]; ok {
			copy(m.b[off:], p)
			m.data = append(m.data, [2]int64{int64(off), int64(off + len(p))})
		}
	}
	return m
}

// disks returns disks of all shapes. Tests must not change them.
var disks = sync.OnceValue(func() map[string]*memory {
	return map[string]*memory{
		"empty":             {b: nil},
		"one byte":          {b: []byte{7}},
		"one zero byte":     {b: []byte{0}},
		"one zero chunk":    {b: make([]byte, mib)},
		"all zero as data":  {b: make([]byte, 6*mib+1000)},
		"all hole":          place(6*mib+1000, nil),
		"text":              {b: text(1, mib+mib/2)},
		"random":            {b: random(1, mib+4096)},
		"random odd":        {b: random(2, mib+1)},
		"holes everywhere":  place(10*mib+512, map[int][]byte{512: text(2, 1024), 2 * mib: text(3, mib+512), 7*mib - 512: random(3, 1024), 10 * mib: text(4, 512)}),
		"data then hole":    place(6*mib, map[int][]byte{0: text(5, mib/2)}),
		"hole then data":    place(6*mib, map[int][]byte{6*mib - 4096: text(6, 4096)}),
		"zeros in the data": place(4*mib, map[int][]byte{mib: append(text(7, 8192), make([]byte, 2*mib)...)}),
	}
})

func header(name string) Header {
	return Header{
		ID: "00112233445566778899aabbccddeeff", Name: name, Description: "a <b> \"c\"", VM: "default",
		Created: time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC), Taken: "stopped",
	}
}

// written returns the snapshot file of src, with its header and index.
func written(t testing.TB, src Source, workers int) (*memory, Header, *Index) {
	t.Helper()
	plan, err := NewPlan(context.Background(), src)
	if err != nil {
		t.Fatal(err)
	}
	out := &memory{}
	h, x, err := Write(context.Background(), out, src, plan, header("n"), Options{Workers: workers})
	if err != nil {
		t.Fatal(err)
	}
	return out, h, x
}

func section(m *memory) io.Reader { return io.NewSectionReader(m, 0, m.Size()) }

package qemu

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"reflect"
	"sync"
	"testing"

	"vmterminal/vm/nbd"
)

// TestImageWhileTheGuestWrites reads pieces of all sizes during concurrent writes, zeroing and
// trims.
func TestImageWhileTheGuestWrites(t *testing.T) {
	const size = diskSize + 3*512 // the last cluster is incomplete
	r := startMachine(t, size, "")
	for i := range 40 {
		r.write(t, fmt.Sprintf("write -P 0x%x %d %d", i+1, i*200<<10, rand.IntN(150<<10)/512*512+512))
	}
	r.write(t, fmt.Sprintf("write -P 0x77 %d 512", size-512))
	old := r.readDisk(t)
	p, err := BeginPointInTime(t.Context(), r.client, r.options())
	if err != nil {
		t.Fatal(err)
	}
	m, err := OpenImage(t.Context(), p.Socket, p.Export)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = m.Close() }()
	stop := make(chan struct{})
	var wg sync.WaitGroup
	rest := sync.OnceFunc(func() {
		close(stop)
		wg.Wait()
	})
	defer rest()
	wg.Go(func() {
		for n := 0; ; n++ {
			select {
			case <-stop:
				return
			default:
			}
			at := rand.IntN(size / 512)
			length := min(size/512-at, 1+rand.IntN(500))
			how := []string{"write -P 0xee", "write -z", "write -z -u", "discard"}[n%4]
			r.write(t, fmt.Sprintf("%s %d %d", how, at*512, length*512))
		}
	})
	for range 100 {
		off := rand.Int64N(size)
		got := make([]byte, rand.IntN(300<<10)+1)
		n, err := m.ReadAt(got, off)
		if whole := off+int64(len(got)) <= size; whole != (err == nil) || !whole && !errors.Is(err, io.EOF) {
			t.Fatalf("ReadAt of %d bytes at %d = %d, %v; want io.EOF only at the end of the disk", len(got), off, n, err)
		}
		if at := firstDifference(got[:n], old[off:off+int64(n)]); at >= 0 {
			t.Fatalf("ReadAt of %d bytes at %d: new contents at byte %d, want only old contents", len(got), off, off+int64(at))
		}
	}
	for range 4 { // each time without a cached block status
		m.start, m.end = 0, 0
		got, err := readAll(m)
		if err != nil {
			t.Fatal(err)
		}
		if at := firstDifference(got, old); at >= 0 {
			t.Fatalf("contents differ from the old disk at byte %d", at)
		}
	}
	rest()
	_ = m.Close()
	if err := p.End(t.Context()); err != nil {
		t.Error(err)
	}
	r.checkClean(t)
}

func TestUnion(t *testing.T) {
	list := func(edges ...int64) (l []nbd.Range) {
		for i := 0; i < len(edges); i += 2 {
			l = append(l, nbd.Range{Start: edges[i], End: edges[i+1]})
		}
		return l
	}
	for name, c := range map[string]struct{ a, b, want []nbd.Range }{
		"nothing":   {nil, nil, nil},
		"one side":  {list(1, 5, 7, 9), nil, list(1, 5, 7, 9)},
		"apart":     {list(7, 9), list(1, 5), list(1, 5, 7, 9)},
		"touching":  {list(5, 9), list(1, 5), list(1, 9)},
		"inside":    {list(1, 9), list(2, 3, 4, 5), list(1, 9)},
		"chain":     {list(1, 4, 6, 8), list(3, 7), list(1, 8)},
		"cut":       {list(1, 50), list(20, 60), list(1, 10)},
		"after end": {list(1, 2), list(10, 20), list(1, 2)},
	} {
		t.Run(name, func(t *testing.T) {
			if got := mergeRanges(c.a, c.b, 10); !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
			if got := mergeRanges(c.b, c.a, 10); !reflect.DeepEqual(got, c.want) {
				t.Errorf("arguments swapped: got %v, want %v", got, c.want)
			}
		})
	}
}

package torture

import (
	"bytes"
	"compress/gzip"
	"slices"
	"testing"

	"vmterminal/snapshot/gzfile"
)

// headerLen is the length of the snapshot's header.
const headerLen = gzfile.Align

// TestRotInHeader flips one bit of every byte of a header, and sets the byte to another value.
// All bytes matter, including time, system and trailing spaces, because the header's checksum
// covers them. In make test it changes only some of the spaces.
func TestRotInHeader(t *testing.T) {
	p, rng := newCorruptStore(t), newRand(t)
	for at := range headerLen {
		was := p.whole[at]
		if was == ' ' && !thorough && rng.IntN(16) > 0 {
			continue
		}
		for _, value := range []byte{was ^ 1<<rng.IntN(8), was + byte(1+rng.IntN(255))} {
			p.withChangedByte(t, at, value, func(what string) { p.checkDamaged(t, what, false) })
		}
		if t.Failed() {
			return
		}
	}
	p.checkIntact(t)
}

// TestRotInBody flips bits of the body and restores the snapshot over a disk that has none of
// its chunks, and over a disk that has all of them.
func TestRotInBody(t *testing.T) {
	p, rng := newCorruptStore(t), newRand(t)
	flips := 16
	if thorough {
		flips = 1000
	}
	another, same := p.currentDisk, append(bytes.Clone(p.snapshotDisk), 1)
	for range flips {
		at := headerLen + rng.IntN(len(p.whole)-headerLen)
		p.withChangedByte(t, at, p.whole[at]^1<<rng.IntN(8), func(what string) {
			for _, disk := range [][]byte{another, same} {
				p.setDisk(t, disk)
				p.checkRestore(t, what, true)
			}
			p.checkVerify(t, what)
		})
		if t.Failed() {
			return
		}
	}
	p.checkIntact(t)
	t.Logf("%d flips, all detected; %d of %d restores did not read the damage and were correct", flips, p.correctRestores, 4*flips)
}

// TestRotInLength truncates the file at and near each segment's end and at random positions,
// and extends it in ways that other tools would ignore.
func TestRotInLength(t *testing.T) {
	p, rng := newCorruptStore(t), newRand(t)
	cuts := []int{0, 1, 9, 10, 17, 18}
	for end := gzfile.Align; end < len(p.whole); end += gzfile.Align { // includes each segment's end
		cuts = append(cuts, end-1, end, end+1)
	}
	for back := range 20 {
		cuts = append(cuts, len(p.whole)-1-back)
	}
	for range 40 {
		cuts = append(cuts, rng.IntN(len(p.whole)))
	}
	for _, n := range cuts {
		p.writeFile(t, p.file, p.whole[:n])
		p.checkDamaged(t, "truncated", false)
		if t.Failed() {
			t.Fatalf("truncated to %d of %d bytes", n, len(p.whole))
		}
	}
	for name, tail := range map[string][]byte{
		"a byte": {7}, "a zero": {0}, "a block of zeros": make([]byte, gzfile.Align), "another member": gzipped([]byte("more")),
		"an empty member": gzipped(nil), "itself": p.whole, "its end": p.whole[len(p.whole)-13:],
		"another's end": newCorruptStore(t).whole[headerLen:],
	} {
		p.writeFile(t, p.file, slices.Concat(p.whole, tail))
		p.checkDamaged(t, "followed by "+name, false)
	}
	p.checkIntact(t)
}

// gzipped returns a disk compressed by another tool.
func gzipped(disk []byte) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write(disk)
	_ = z.Close()
	return b.Bytes()
}

// TestRotInForeignFiles truncates, changes and extends files written by other tools, which
// contain only a CRC-32. Trailing zeros, such as padding from tapes, are not damage.
func TestRotInForeignFiles(t *testing.T) {
	p, rng := newCorruptStore(t), newRand(t)
	p.idx = nil
	whole := gzipped(p.snapshotDisk)
	for _, n := range []int{18, len(whole) / 2, len(whole) - 9, len(whole) - 8, len(whole) - 1} {
		p.writeFile(t, p.file, whole[:n])
		p.checkDamaged(t, "truncated", false)
	}
	for range 20 {
		other := bytes.Clone(whole)
		at := 10 + rng.IntN(len(whole)-10)
		other[at] ^= 1 << rng.IntN(8)
		p.writeFile(t, p.file, other)
		p.checkDamaged(t, "flipped", false)
	}
	for name, tail := range map[string][]byte{
		"text": []byte("more"), "half a member": gzipped([]byte("more"))[:20], "zeros and text": append(make([]byte, 600), 1),
	} {
		p.writeFile(t, p.file, slices.Concat(whole, tail))
		p.checkDamaged(t, "followed by "+name, false)
	}
	p.writeFile(t, p.file, append(bytes.Clone(whole), make([]byte, 10240)...))
	if err := p.restore(t); err != nil {
		t.Errorf("followed by zeros: got %v, want no error", err)
	}
}

// TestRotInIndex changes every byte of an index and truncates it everywhere. The snapshot must
// remain usable.
func TestRotInIndex(t *testing.T) {
	p, rng := newCorruptStore(t), newRand(t)
	whole := p.idx
	for at := range whole {
		if !thorough && rng.IntN(8) > 0 {
			continue
		}
		other := bytes.Clone(whole)
		other[at] += byte(1 + rng.IntN(255))
		for _, index := range [][]byte{other, whole[:at]} {
			p.writeFile(t, p.index, index)
			if _, err := p.store.Verify(t.Context(), corruptName, false, nil); err != nil {
				t.Errorf("index with byte %d changed or removed (%d bytes): verify: got %v, want no error", at, len(index), err)
			}
			if err := p.restore(t); err != nil {
				t.Errorf("index with byte %d changed or removed (%d bytes): restore: got %v, want no error", at, len(index), err)
			}
		}
	}
	p.checkIntact(t)
}

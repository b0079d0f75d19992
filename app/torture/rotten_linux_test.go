package torture

import (
	"bytes"
	"compress/gzip"
	"slices"
	"testing"

	"vmterminal/snapshot/gzfile"
)

// headerLen is the length of the patient's header.
const headerLen = gzfile.Align

// TestRotInHeader changes every byte of a header: a bit of it, and to another
// value. None of them means nothing, the time, the system and the spaces at the
// end included: the header's checksum is of them all. Of the spaces it takes a
// share.
func TestRotInHeader(t *testing.T) {
	p, rng := newPatient(t), random(t)
	for at := range headerLen {
		was := p.whole[at]
		if was == ' ' && !thorough && rng.IntN(16) > 0 {
			continue
		}
		for _, value := range []byte{was ^ 1<<rng.IntN(8), was + byte(1+rng.IntN(255))} {
			p.flip(t, at, value, func(what string) { p.suffers(t, what, false) })
		}
		if t.Failed() {
			return
		}
	}
	p.ends(t)
}

// TestRotInBody flips bits of the body, where the disk has nothing of the
// snapshot, and where it has all of it.
func TestRotInBody(t *testing.T) {
	p, rng := newPatient(t), random(t)
	flips := 16
	if thorough {
		flips = 1000
	}
	another, same := p.now, append(bytes.Clone(p.was), 1)
	for range flips {
		at := headerLen + rng.IntN(len(p.whole)-headerLen)
		p.flip(t, at, p.whole[at]^1<<rng.IntN(8), func(what string) {
			for _, disk := range [][]byte{another, same} {
				p.has(t, disk)
				p.restores(t, what, true)
			}
			p.verifies(t, what)
		})
		if t.Failed() {
			return
		}
	}
	p.ends(t)
	t.Logf("%d flips, all found; %d of %d restores did not meet theirs, and were right", flips, p.righted, 4*flips)
}

// TestRotOfLength cuts the file at every segment's end and beside it, and at
// random, and has it go on in ways that other tools would pass over.
func TestRotOfLength(t *testing.T) {
	p, rng := newPatient(t), random(t)
	cuts := []int{0, 1, 9, 10, 17, 18}
	for end := gzfile.Align; end < len(p.whole); end += gzfile.Align { // each segment's is one of them
		cuts = append(cuts, end-1, end, end+1)
	}
	for back := range 20 {
		cuts = append(cuts, len(p.whole)-1-back)
	}
	for range 40 {
		cuts = append(cuts, rng.IntN(len(p.whole)))
	}
	for _, n := range cuts {
		p.put(t, p.file, p.whole[:n])
		p.suffers(t, "cut", false)
		if t.Failed() {
			t.Fatalf("cut to %d of %d bytes", n, len(p.whole))
		}
	}
	for name, tail := range map[string][]byte{
		"a byte": {7}, "a zero": {0}, "a block of zeros": make([]byte, gzfile.Align), "another member": packed([]byte("more")),
		"an empty member": packed(nil), "itself": p.whole, "its end": p.whole[len(p.whole)-13:],
		"another's end": newPatient(t).whole[headerLen:],
	} {
		p.put(t, p.file, slices.Concat(p.whole, tail))
		p.suffers(t, "and then "+name, false)
	}
	p.ends(t)
}

// packed is what another tool makes of a disk.
func packed(disk []byte) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write(disk)
	_ = z.Close()
	return b.Bytes()
}

// TestRotOfForeignFiles cuts, changes and lengthens what another tool made: no
// more than a CRC-32 is there to tell. Zeros behind it are no damage, as tapes
// leave them.
func TestRotOfForeignFiles(t *testing.T) {
	p, rng := newPatient(t), random(t)
	p.idx = nil
	whole := packed(p.was)
	for _, n := range []int{18, len(whole) / 2, len(whole) - 9, len(whole) - 8, len(whole) - 1} {
		p.put(t, p.file, whole[:n])
		p.suffers(t, "cut", false)
	}
	for range 20 {
		other := bytes.Clone(whole)
		at := 10 + rng.IntN(len(whole)-10)
		other[at] ^= 1 << rng.IntN(8)
		p.put(t, p.file, other)
		p.suffers(t, "flipped", false)
	}
	for name, tail := range map[string][]byte{
		"text": []byte("more"), "half a member": packed([]byte("more"))[:20], "zeros and text": append(make([]byte, 600), 1),
	} {
		p.put(t, p.file, slices.Concat(whole, tail))
		p.suffers(t, "and then "+name, false)
	}
	p.put(t, p.file, append(bytes.Clone(whole), make([]byte, 10240)...))
	if err := p.restore(t); err != nil {
		t.Error("and then zeros: ", err)
	}
}

// TestRotInIndex changes every byte of an index, and cuts it everywhere: nothing
// rests on it.
func TestRotInIndex(t *testing.T) {
	p, rng := newPatient(t), random(t)
	whole := p.idx
	for at := range whole {
		if !thorough && rng.IntN(8) > 0 {
			continue
		}
		other := bytes.Clone(whole)
		other[at] += byte(1 + rng.IntN(255))
		for _, index := range [][]byte{other, whole[:at]} {
			p.put(t, p.index, index)
			if _, err := p.store.Verify(t.Context(), rotten, false, nil); err != nil {
				t.Errorf("byte %d, %d bytes: verified: %v", at, len(index), err)
			}
			if err := p.restore(t); err != nil {
				t.Errorf("byte %d, %d bytes: restored: %v", at, len(index), err)
			}
		}
	}
	p.ends(t)
}

package blocklog

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

func write(off int64, n int, fill byte) Entry { return Entry{off, bytes.Repeat([]byte{fill}, n)} }

// TestCrashes checks which entries are safe and which are written in each crash.
func TestCrashes(t *testing.T) {
	log := []Entry{write(0, 512, 1), {}, write(512, 1024, 2), write(8192, 8192, 3), {}, write(0, 512, 4)}
	crashes := Crashes(log, Plan{Prefixes: -1, Dropped: -1, Torn: -1, Random: 2}, rand.New(rand.NewPCG(1, 0)))
	kinds := map[string]int{}
	for _, c := range crashes {
		if c.Safe > 0 && !log[c.Safe-1].IsFlush() || c.End < len(log) && !log[c.End].IsFlush() {
			t.Errorf("%s: from %d to %d is not between two flushes", c.Description, c.Safe, c.End)
		}
		bytesOf := 0
		for _, e := range c.Written {
			bytesOf += len(e.Data)
			if e.IsFlush() || len(e.Data)%sector != 0 {
				t.Errorf("%s: got %d bytes at %d, want whole sectors", c.Description, len(e.Data), e.Off)
			}
		}
		all := 0
		for _, e := range log[c.Safe:c.End] {
			all += len(e.Data)
		}
		switch bytesOf {
		case 0:
			kinds["nothing"]++
		case all:
			kinds["all"]++
		default:
			kinds["some"]++
		}
	}
	if kinds["nothing"] < 3 || kinds["all"] < 3 || kinds["some"] < 5 {
		t.Errorf("got states %v, want at least 3 with nothing, 3 with all and 5 with some writes", kinds)
	}
}

func TestTear(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 0))
	if _, ok := tearWrite(write(0, sector, 1), rng); ok {
		t.Error("a single sector was torn")
	}
	whole := Entry{4096, make([]byte, 3*page)}
	for i := range whole.Data {
		whole.Data[i] = byte(i / sector)
	}
	ends := map[string]bool{}
	for range 200 {
		part, ok := tearWrite(whole, rng)
		at := part.Off - whole.Off
		if !ok || len(part.Data) == 0 || len(part.Data) >= len(whole.Data) || !bytes.Equal(part.Data, whole.Data[at:at+int64(len(part.Data))]) {
			t.Fatalf("got %d bytes at %d, want a part of the write", len(part.Data), part.Off)
		}
		ends["start"] = ends["start"] || at == 0
		ends["end"] = ends["end"] || at > 0
		ends["sector"] = ends["sector"] || len(part.Data)%page != 0
	}
	if len(ends) != 3 || !ends["start"] || !ends["end"] || !ends["sector"] {
		t.Errorf("200 draws: got kinds %v, want start, end and sector", ends)
	}
}

func TestPlanLimits(t *testing.T) {
	var log []Entry
	for n := range 10 {
		log = append(log, write(int64(n)*page, page, 1))
	}
	rng := rand.New(rand.NewPCG(1, 0))
	if got := len(Crashes(log, Plan{Prefixes: 2, Dropped: 3, Torn: 1, Random: 4}, rng)); got != 11 {
		t.Errorf("got %d states, want 11", got)
	}
	if got := len(Crashes(log, Plan{Torn: -1, Whole: 5 * page}, rng)); got != 6 {
		t.Errorf("with half of the writes never torn: got %d states, want 6", got)
	}
	all := Crashes(log, Plan{Prefixes: -1}, rng)
	some := Sample(all, 4, rng)
	if len(some) != 4 || len(Sample(all, 100, rng)) != len(all) {
		t.Errorf("got samples of %d and %d crashes, want 4 and all", len(some), len(Sample(all, 100, rng)))
	}
}

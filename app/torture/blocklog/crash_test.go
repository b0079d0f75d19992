package blocklog

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

func write(off int64, n int, fill byte) Entry { return Entry{off, bytes.Repeat([]byte{fill}, n)} }

// What is safe, and what is not, at each flush of a log.
func TestCrashes(t *testing.T) {
	log := []Entry{write(0, 512, 1), {}, write(512, 1024, 2), write(8192, 8192, 3), {}, write(0, 512, 4)}
	crashes := Crashes(log, Plan{Prefixes: -1, Dropped: -1, Torn: -1, Random: 2}, rand.New(rand.NewPCG(1, 0)))
	kinds := map[string]int{}
	for _, c := range crashes {
		if c.Safe > 0 && !log[c.Safe-1].IsFlush() || c.End < len(log) && !log[c.End].IsFlush() {
			t.Errorf("%s: from %d to %d is not between two flushes", c.What, c.Safe, c.End)
		}
		bytesOf := 0
		for _, e := range c.Some {
			bytesOf += len(e.Data)
			if e.IsFlush() || len(e.Data)%sector != 0 {
				t.Errorf("%s: %d bytes at %d", c.What, len(e.Data), e.Off)
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
		t.Errorf("states: %v", kinds)
	}
}

func TestTear(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 0))
	if _, ok := tear(write(0, sector, 1), rng); ok {
		t.Error("a sector is torn")
	}
	whole := Entry{4096, make([]byte, 3*page)}
	for i := range whole.Data {
		whole.Data[i] = byte(i / sector)
	}
	ends := map[string]bool{}
	for range 200 {
		part, ok := tear(whole, rng)
		at := part.Off - whole.Off
		if !ok || len(part.Data) == 0 || len(part.Data) >= len(whole.Data) || !bytes.Equal(part.Data, whole.Data[at:at+int64(len(part.Data))]) {
			t.Fatalf("%d bytes at %d", len(part.Data), part.Off)
		}
		ends["start"] = ends["start"] || at == 0
		ends["end"] = ends["end"] || at > 0
		ends["sector"] = ends["sector"] || len(part.Data)%page != 0
	}
	if len(ends) != 3 || !ends["start"] || !ends["end"] || !ends["sector"] {
		t.Errorf("of 200 draws: %v", ends)
	}
}

func TestPlanLimits(t *testing.T) {
	var log []Entry
	for n := range 10 {
		log = append(log, write(int64(n)*page, page, 1))
	}
	rng := rand.New(rand.NewPCG(1, 0))
	if got := len(Crashes(log, Plan{Prefixes: 2, Dropped: 3, Torn: 1, Random: 4}, rng)); got != 11 {
		t.Errorf("%d states", got)
	}
	if got := len(Crashes(log, Plan{Torn: -1, Whole: 5 * page}, rng)); got != 6 {
		t.Errorf("%d states, where half of the writes are never torn", got)
	}
	all := Crashes(log, Plan{Prefixes: -1}, rng)
	some := Sample(all, 4, rng)
	if len(some) != 4 || len(Sample(all, 100, rng)) != len(all) {
		t.Errorf("samples of %d and %d", len(some), len(Sample(all, 100, rng)))
	}
}

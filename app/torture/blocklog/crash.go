package blocklog

import (
	"fmt"
	"math/rand/v2"
	"slices"
)

const (
	sector = 512
	page   = 4096
)

// A Crash is one way in which a power cut could have left the disk.
type Crash struct {
	// What says it in words, for who reads of a failure.
	What string
	// Safe is how many entries of the log are on the disk for sure: all to a
	// flush that was answered. The cut came before entry End, the next flush or
	// the log's end, was answered, and so as late as it could.
	Safe, End int
	// Some is what else of the entries from Safe to End has reached it.
	Some []Entry
}

// Plan says how many states Crashes makes between each two flushes; numbers
// below 0 mean all there are.
type Plan struct {
	Prefixes int // the first writes, and none of the others
	Dropped  int // all but one write
	Torn     int // the first writes, and a part of the next one
	Random   int // any of the writes; at least 0
	// Whole is how many bytes at the device's start are never torn: those that the
	// file system on it counts on being written whole or not at all.
	Whole int64
}

// Crashes lists states that a power cut before the end of the log could have
// left, which starts with entries that are on the disk already.
func Crashes(log []Entry, plan Plan, rng *rand.Rand) []Crash {
	var all []Crash
	for safe := 0; safe <= len(log); {
		end := safe
		for end < len(log) && !log[end].IsFlush() {
			end++
		}
		all = append(all, between(log, safe, end, plan, rng)...)
		safe = end + 1
	}
	return all
}

// between lists the states between two flushes.
func between(log []Entry, safe, end int, plan Plan, rng *rand.Rand) []Crash {
	writes := log[safe:end]
	crash := func(some []Entry, what string, args ...any) Crash {
		return Crash{fmt.Sprintf(what, args...), safe, end, some}
	}
	states := []Crash{crash(nil, "nothing of %d writes", len(writes))}
	for _, n := range pick(len(writes), plan.Prefixes, rng) {
		states = append(states, crash(writes[:n+1], "the first %d of %d writes", n+1, len(writes)))
	}
	if len(writes) > 1 {
		for _, n := range pick(len(writes), plan.Dropped, rng) {
			states = append(states, crash(slices.Delete(slices.Clone(writes), n, n+1), "all but write %d of %d", n+1, len(writes)))
		}
	}
	for _, n := range pick(len(writes), plan.Torn, rng) {
		if part, ok := tear(writes[n], rng); ok && writes[n].Off >= plan.Whole {
			some := append(slices.Clone(writes[:n]), part)
			states = append(states, crash(some, "the first %d of %d writes, and bytes %d to %d of the next one's %d",
				n, len(writes), part.Off-writes[n].Off, part.Off-writes[n].Off+int64(len(part.Data)), len(writes[n].Data)))
		}
	}
	for n := range min(plan.Random, len(writes)) {
		some := slices.DeleteFunc(slices.Clone(writes), func(Entry) bool { return rng.IntN(2) == 0 })
		states = append(states, crash(some, "%d of %d writes at random, draw %d", len(some), len(writes), n))
	}
	return states
}

// pick chooses at most n of the numbers below of; all if n is below 0.
func pick(of, n int, rng *rand.Rand) []int {
	if n < 0 || n >= of {
		n = of
	}
	chosen := rng.Perm(of)[:n]
	slices.Sort(chosen)
	return chosen
}

// tear returns the start or the end of a write, cut between two sectors or two
// pages; a disk writes a sector whole or not at all.
func tear(e Entry, rng *rand.Rand) (part Entry, ok bool) {
	unit := sector
	if len(e.Data) > page && rng.IntN(2) == 0 {
		unit = page
	}
	if len(e.Data) <= unit {
		return Entry{}, false
	}
	cut := unit * (1 + rng.IntN((len(e.Data)-1)/unit))
	if rng.IntN(2) == 0 {
		return Entry{e.Off, e.Data[:cut]}, true
	}
	return Entry{e.Off + int64(cut), e.Data[cut:]}, true
}

// Sample draws at most n of the crashes, and keeps their order.
func Sample(crashes []Crash, n int, rng *rand.Rand) []Crash {
	var drawn []Crash
	for _, at := range pick(len(crashes), n, rng) {
		drawn = append(drawn, crashes[at])
	}
	return drawn
}

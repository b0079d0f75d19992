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

// A Crash is one possible state of the disk after a power cut.
type Crash struct {
	// Description describes the state in failure messages.
	Description string
	// Safe is the number of entries that are certainly on the disk: all up to a completed
	// flush. The power was cut just before entry End, the next flush or the end of the log,
	// was completed.
	Safe, End int
	// Written are the entries from Safe to End, or parts of them, that also reached the disk.
	Written []Entry
}

// A Plan limits how many states of each kind Crashes creates between two flushes. Negative
// numbers mean all.
type Plan struct {
	Prefixes int // the first writes, and none of the others
	Dropped  int // all but one write
	Torn     int // the first writes, and a part of the next one
	Random   int // a random subset of the writes; must not be negative
	// Whole is the number of bytes at the device's start that are never torn, because the
	// file system relies on atomic writes there.
	Whole int64
}

// Crashes returns possible states of the disk after a power cut at any point of the log.
func Crashes(log []Entry, plan Plan, rng *rand.Rand) []Crash {
	var all []Crash
	for safe := 0; safe <= len(log); {
		end := safe
		for end < len(log) && !log[end].IsFlush() {
			end++
		}
		all = append(all, crashesBetween(log, safe, end, plan, rng)...)
		safe = end + 1
	}
	return all
}

// crashesBetween returns the states between two flushes.
func crashesBetween(log []Entry, safe, end int, plan Plan, rng *rand.Rand) []Crash {
	writes := log[safe:end]
	crash := func(some []Entry, what string, args ...any) Crash {
		return Crash{fmt.Sprintf(what, args...), safe, end, some}
	}
	states := []Crash{crash(nil, "nothing of %d writes", len(writes))}
	for _, n := range pickRandom(len(writes), plan.Prefixes, rng) {
		states = append(states, crash(writes[:n+1], "the first %d of %d writes", n+1, len(writes)))
	}
	if len(writes) > 1 {
		for _, n := range pickRandom(len(writes), plan.Dropped, rng) {
			states = append(states, crash(slices.Delete(slices.Clone(writes), n, n+1), "all but write %d of %d", n+1, len(writes)))
		}
	}
	for _, n := range pickRandom(len(writes), plan.Torn, rng) {
		if part, ok := tearWrite(writes[n], rng); ok && writes[n].Off >= plan.Whole {
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

// pickRandom returns n random numbers from 0 to of-1 in order, or all if n is negative or too large.
func pickRandom(of, n int, rng *rand.Rand) []int {
	if n < 0 || n >= of {
		n = of
	}
	chosen := rng.Perm(of)[:n]
	slices.Sort(chosen)
	return chosen
}

// tearWrite returns the start or the end of a write, cut at a sector or page boundary: disks write
// sectors atomically.
func tearWrite(e Entry, rng *rand.Rand) (part Entry, ok bool) {
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

// Sample returns at most n random crashes, in order.
func Sample(crashes []Crash, n int, rng *rand.Rand) []Crash {
	var drawn []Crash
	for _, at := range pickRandom(len(crashes), n, rng) {
		drawn = append(drawn, crashes[at])
	}
	return drawn
}

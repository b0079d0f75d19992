package torture

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"

	"vmterminal/app/ondisk"
	"vmterminal/app/torture/usecase"
)

// A history is the worlds before, between and after the use cases of a scenario:
// worlds[n] is the one after n of them.
type history struct {
	deeds  [][]string
	worlds []world
	// next sweep what is left of the deeds, beside what sweeps after all.
	next [][]string
	// but is in the keys of what is not compared with these worlds.
	but []string
}

// judge has next look at a store after a power cut, when done of the use cases
// were acknowledged, and begun of them had begun; and then go on working on it.
// It returns what is wrong, "" if nothing is.
func (h *history) judge(next *subject, home string, done, begun int, rng *rand.Rand) string {
	w, err := next.look(home)
	if err != nil {
		return "looking: " + err.Error()
	}
	if wrong := h.differs(w, done, begun, usecase.BytesOf); wrong != "" {
		return wrong
	}
	if err := h.goOn(next, home); err != nil {
		return "the next use cases: " + err.Error()
	}
	if w, err = next.look(home); err != nil {
		return "looking again: " + err.Error()
	}
	// Which snapshot the disk is changes with each that is taken.
	if wrong := h.differs(w, done, begun, usecase.Here); wrong != "" {
		return "after the next use cases " + wrong
	}
	if err := restoreOne(next, home, w, rng); err != nil {
		return "the next restore: " + err.Error()
	}
	return ""
}

// differs says how w is none of the worlds that are allowed. Keys that contain
// but are not compared.
func (h *history) differs(w world, done, begun int, but string) string {
	var wrong []string
	for after := done; after <= begun; after++ {
		should := h.worlds[after]
		if after > done {
			should = h.unacknowledged(w, after)
		}
		ignored := append(slices.Clone(h.but), but)
		differs := difference(without(w, ignored), without(should, ignored))
		if differs == "" {
			return ""
		}
		wrong = append(wrong, fmt.Sprintf("it is not as after %s:\n    %s", h.name(after), differs))
	}
	return strings.Join(wrong, "\n  ")
}

func (h *history) name(after int) string {
	if after == 0 {
		return "setup"
	}
	return fmt.Sprintf("use case %d, %.60q", after, h.deeds[after-1])
}

// unacknowledged is the world after a use case that was not acknowledged. What
// only the list says of a snapshot may not be known yet, or not any more: where
// it came from, when it was verified, which one the disk is, and what another
// tool's file cannot say of itself. It may not be wrong.
func (h *history) unacknowledged(w world, after int) world {
	should, before := maps.Clone(h.worlds[after]), h.worlds[after-1]
	for key, value := range w {
		snapshot, isState := strings.CutSuffix(key, usecase.State)
		if !isState || value != "imported" || before[snapshot] != "" {
			continue
		}
		should[key] = value
		if strings.Contains(w[snapshot], unknown) {
			should[snapshot] = w[snapshot]
		}
	}
	sameDisk := should[disk] == before[disk]
	for _, key := range slices.Concat(slices.Collect(maps.Keys(should)), slices.Collect(maps.Keys(before))) {
		here := strings.HasSuffix(key, usecase.Here)
		if !here && !strings.HasSuffix(key, usecase.Verified) {
			continue
		}
		is, known := w[key]
		switch {
		case !known:
			delete(should, key)
		case is == before[key] && (sameDisk || !here):
			should[key] = is
		}
	}
	return should
}

// disk is the key of the disk that is restored and undone.
const disk = "vm " + usecase.VM + " disk"

// unknown is how the disk's size and the digest look that are not known.
const unknown = " 0 "

// goOn does what people do next, which must work at once, and sweep what the cut
// has left.
func (h *history) goOn(next *subject, home string) error {
	always := [][]string{{"create", "next"}, {"delete", "next"}, {"vm-create", "next"}, {"vm-erase", "next"}}
	for _, words := range slices.Concat(always, h.next) {
		if err := next.do(home, words...); err != nil {
			return err
		}
	}
	if left := leftIn(home); len(left) > 0 {
		return fmt.Errorf("left are %q", left)
	}
	return nil
}

// restoreOne verifies and restores one of the snapshots.
func restoreOne(next *subject, home string, w world, rng *rand.Rand) error {
	const content = "vm " + usecase.VM + usecase.ContentOf
	var names []string
	for key := range w {
		if file, ok := strings.CutPrefix(key, content); ok {
			names = append(names, strings.TrimSuffix(file, ondisk.SnapshotSuffix))
		}
	}
	if len(names) == 0 {
		return nil
	}
	slices.Sort(names)
	name := names[rng.IntN(len(names))]
	for _, words := range [][]string{{"verify", name}, {"restore", name}} {
		if err := next.do(home, words...); err != nil {
			return err
		}
	}
	now, err := next.look(home)
	if err != nil {
		return err
	}
	if got, want := now[disk], w[content+name+ondisk.SnapshotSuffix]; got != want || want == "" {
		return errors.New("snapshot " + name + " is not what it holds: " + got + ", not " + want)
	}
	return nil
}

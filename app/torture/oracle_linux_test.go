package torture

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"

	"vmterminal/app/torture/usecase"
	"vmterminal/snapshot"
)

// A history contains the worlds before, between and after the use cases of a scenario:
// worlds[n] is the world after the first n use cases.
type history struct {
	steps  [][]string
	worlds []world
	// next are additional use cases that remove leftovers of the steps.
	next [][]string
	// ignored are parts of keys; keys that contain them are not compared.
	ignored []string
}

// check checks a store after a power cut, and then runs further use cases. done is how many use
// cases had been acknowledged, and begun is how many had begun. It returns a problem, or "".
func (h *history) check(next *subject, home string, done, begun int, rng *rand.Rand) string {
	w, err := next.inspect(home)
	if err != nil {
		return "inspecting the store: " + err.Error()
	}
	if wrong := h.compare(w, done, begun, usecase.BytesOf); wrong != "" {
		return wrong
	}
	if err := h.runNext(next, home); err != nil {
		return "the next use cases: " + err.Error()
	}
	if w, err = next.inspect(home); err != nil {
		return "inspecting the store after the next use cases: " + err.Error()
	}
	// Each snapshot changes which snapshot the disk matches.
	if wrong := h.compare(w, done, begun, usecase.Current); wrong != "" {
		return "after the next use cases " + wrong
	}
	if err := restoreRandom(next, home, w, rng); err != nil {
		return "the next restore: " + err.Error()
	}
	return ""
}

// compare returns how w differs from each of the worlds after done to begun use cases, or "" if
// it matches one of them. Keys that contain except are ignored.
func (h *history) compare(w world, done, begun int, except string) string {
	var wrong []string
	for after := done; after <= begun; after++ {
		want := h.worlds[after]
		if after > done {
			want = h.expectUnacknowledged(w, after)
		}
		ignored := append(slices.Clone(h.ignored), except)
		differs := diffWorlds(withoutKeys(w, ignored), withoutKeys(want, ignored))
		if differs == "" {
			return ""
		}
		wrong = append(wrong, fmt.Sprintf("differs from the state after %s:\n    %s", h.stepName(after), differs))
	}
	return strings.Join(wrong, "\n  ")
}

func (h *history) stepName(after int) string {
	if after == 0 {
		return "setup"
	}
	return fmt.Sprintf("use case %d, %.60q", after, h.steps[after-1])
}

// expectUnacknowledged returns the world to expect after a use case that was not acknowledged.
// Facts about a snapshot that are only in the list may be missing from w, but must not be
// wrong: its origin, when it was verified, whether it matches the current disk, and facts that
// another tool's file does not contain.
func (h *history) expectUnacknowledged(w world, after int) world {
	want, before := maps.Clone(h.worlds[after]), h.worlds[after-1]
	for key, value := range w {
		snapshot, isState := strings.CutSuffix(key, usecase.State)
		if !isState || value != "imported" || before[snapshot] != "" {
			continue
		}
		want[key] = value
		if strings.Contains(w[snapshot], unknownSize) {
			want[snapshot] = w[snapshot]
		}
	}
	sameDisk := want[diskKey] == before[diskKey]
	for _, key := range slices.Concat(slices.Collect(maps.Keys(want)), slices.Collect(maps.Keys(before))) {
		isCurrent := strings.HasSuffix(key, usecase.Current)
		if !isCurrent && !strings.HasSuffix(key, usecase.Verified) {
			continue
		}
		is, known := w[key]
		switch {
		case !known:
			delete(want, key)
		case is == before[key] && (sameDisk || !isCurrent):
			want[key] = is
		}
	}
	return want
}

// diskKey is the key of the disk that is restored and undone.
const diskKey = "vm " + usecase.VM + " disk"

// unknownSize is the representation of an unknown disk size and digest.
const unknownSize = " 0 "

// runNext runs typical next commands, which must work at once and remove the leftovers.
func (h *history) runNext(next *subject, home string) error {
	always := [][]string{{"create", "next"}, {"delete", "next"}, {"vm-create", "next"}, {"vm-purge", "next"}}
	for _, words := range slices.Concat(always, h.next) {
		if err := next.run(home, words...); err != nil {
			return err
		}
	}
	if left := leftoversIn(home); len(left) > 0 {
		return fmt.Errorf("got leftovers %q, want none", left)
	}
	return nil
}

// restoreRandom verifies and restores one of the snapshots.
func restoreRandom(next *subject, home string, w world, rng *rand.Rand) error {
	const content = "vm " + usecase.VM + usecase.ContentOf
	var names []string
	for key := range w {
		if file, ok := strings.CutPrefix(key, content); ok {
			names = append(names, strings.TrimSuffix(file, snapshot.FileSuffix))
		}
	}
	if len(names) == 0 {
		return nil
	}
	slices.Sort(names)
	name := names[rng.IntN(len(names))]
	for _, words := range [][]string{{"verify", name}, {"restore", name}} {
		if err := next.run(home, words...); err != nil {
			return err
		}
	}
	now, err := next.inspect(home)
	if err != nil {
		return err
	}
	if got, want := now[diskKey], w[content+name+snapshot.FileSuffix]; got != want || want == "" {
		return fmt.Errorf("disk restored from snapshot %s: got %s, want %s", name, got, want)
	}
	return nil
}

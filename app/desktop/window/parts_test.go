package window

import (
	"fmt"
	"reflect"
	"testing"

	"fyne.io/fyne/v2"
)

// maxFields is the maximum number of fields of a part of the window. A part that needs more has
// more than one task.
const maxFields = 15

// wiringProblems returns which of the structs reachable from a part are too large or hold a
// part with widgets, which only the window may do.
func wiringProblems(part reflect.Type) []string {
	var problems []string
	seen := map[reflect.Type]bool{}
	var visit func(reflect.Type)
	visit = func(of reflect.Type) {
		if seen[of] {
			return
		}
		seen[of] = true
		if n := of.NumField(); n > maxFields {
			problems = append(problems, fmt.Sprintf("%s has %d fields, want at most %d", of.Name(), n, maxFields))
		}
		for i := range of.NumField() {
			held := of.Field(i).Type
			shared := held.Kind() == reflect.Pointer
			if shared {
				held = held.Elem()
			}
			if held.Kind() != reflect.Struct || held.PkgPath() != of.PkgPath() {
				continue
			}
			if shared && hasWidgets(held) && of != reflect.TypeFor[window]() {
				problems = append(problems, fmt.Sprintf("%s holds %s and could use its widgets", of.Name(), held.Name()))
			}
			visit(held)
		}
	}
	visit(part)
	return problems
}

// hasWidgets reports whether a struct has fields with widgets.
func hasWidgets(part reflect.Type) bool {
	for i := range part.NumField() {
		f := part.Field(i).Type
		if f.Implements(reflect.TypeFor[fyne.CanvasObject]()) {
			return true
		}
		if f.Kind() == reflect.Struct && f.PkgPath() == part.PkgPath() && hasWidgets(f) {
			return true
		}
	}
	return false
}

func TestPartsDoNotShareWidgets(t *testing.T) {
	for _, p := range wiringProblems(reflect.TypeFor[window]()) {
		t.Error(p)
	}
}

func TestWiringProblemsAreFound(t *testing.T) {
	type reachesIntoHeader struct{ Header *header }
	type large struct{ A, B, C, D, E, F, G, H, I, J, K, L, M, N, O, P int }
	for _, part := range []reflect.Type{reflect.TypeFor[reachesIntoHeader](), reflect.TypeFor[large]()} {
		if got := wiringProblems(part); len(got) != 1 {
			t.Errorf("%s: got problems %q, want one", part.Name(), got)
		}
	}
}

package torture

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"vmterminal/app/torture/usecase"
)

// world is what a store holds; see usecase.World.
type world = usecase.World

// difference says how w is not as it should be, "" if it is.
func difference(w, should world) string {
	var out []string
	keys := slices.Sorted(maps.Keys(w))
	for key := range should {
		if _, ok := w[key]; !ok {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	for _, key := range keys {
		if w[key] != should[key] {
			out = append(out, fmt.Sprintf("%s: is %q and should be %q", key, w[key], should[key]))
		}
	}
	return strings.Join(out, "\n    ")
}

// without is a world without the keys that contain one of the parts.
func without(w world, parts []string) world {
	w = maps.Clone(w)
	maps.DeleteFunc(w, func(key, _ string) bool {
		return slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(key, part) })
	})
	return w
}

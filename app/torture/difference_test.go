package torture

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"vmterminal/app/torture/usecase"
)

// world is the contents of a store; see usecase.World.
type world = usecase.World

// diffWorlds returns how the world got differs from want, or "".
func diffWorlds(got, want world) string {
	var out []string
	keys := slices.Sorted(maps.Keys(got))
	for key := range want {
		if _, ok := got[key]; !ok {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	for _, key := range keys {
		if got[key] != want[key] {
			out = append(out, fmt.Sprintf("%s: got %q, want %q", key, got[key], want[key]))
		}
	}
	return strings.Join(out, "\n    ")
}

// withoutKeys returns a world without the keys that contain one of the parts.
func withoutKeys(w world, parts []string) world {
	w = maps.Clone(w)
	maps.DeleteFunc(w, func(key, _ string) bool {
		return slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(key, part) })
	})
	return w
}

package torture

import (
	"strings"

	"vmterminal/app/torture/usecase"
)

// A scenario is use cases, one after the other, on the store that setup makes.
type scenario struct {
	name  string
	deeds [][]string
	// next are use cases that sweep what is left of these, beside those of all.
	next [][]string
}

// setup makes a store with a VM that has all there is: a disk that differs from
// its snapshots, and one that is kept for undo.
var setup = [][]string{
	{"vm-create", usecase.VM},
	{"vm-create", "other"},
	{"disk", "one"},
	{"create", "a"},
	{"disk", "two"},
	{"create", "b"},
	{"describe", "b", "the second one"},
	{"restore", "a"},
	{"disk", "three"},
	{"verify", "a"},
	{"json", "first"},
}

// %OURS% and %FOREIGN% are files outside of the store to import as snapshots, %SYSTEM%
// one to import as an image.
var scenarios = []scenario{
	{name: "snapshots", deeds: [][]string{
		{"create", "c"},
		{"describe", "c", "short"},
		{"describe", "b", strings.Repeat("long ", 800)},
		{"pin", "a"},
		{"rename", "b", "b2"},
		{"rename", "a", "A"},
		{"describe", "A", ""},
		{"verify", "c"},
		{"create", "d"},
		{"delete", "b2"},
		{"delete", "c"},
		{"unpin", "A"},
		{"prune"},
	}},
	{name: "disks", deeds: [][]string{
		{"restore", "a"}, {"restore", "b"}, {"undo"}, {"undo"}, {"discard"}, {"restore", "b"}, {"create", "c"}, {"undo"},
	}},
	{name: "transfer", deeds: [][]string{
		{"import", "%OURS%", "x"},
		{"import", "%FOREIGN%", "y"},
		{"describe", "y", "of another tool"},
		{"pin", "y"},
		{"rename", "y", "z"},
		{"restore", "z"},
		{"export", "x"},
		{"delete", "z"},
	}},
	{name: "images", next: [][]string{{"image-import", "%SYSTEM%", "next"}, {"image-remove", "next"}}, deeds: [][]string{
		{"image-import", "%SYSTEM%", "base"},
		{"vm-of-image", "new", "base"},
		{"vm-of-image", "second", "base"},
		{"vm-erase", "new"},
		{"image-remove", "base"},
		{"image-import", "%SYSTEM%", "base"},
		{"vm-of-image", "third", "base"},
		{"image-remove", "base"},
	}},
	{name: "vms", deeds: [][]string{
		{"clone", "a", "copy"},
		{"vm-use", "copy"},
		{"vm-create", "new"},
		{"vm-erase", "new"},
		{"vm-delete", "copy"},
		{"vm-adopt", "copy"},
		{"vm-erase", "copy"},
		{"vm-rename", "other", "third"},
		{"vm-use", "third"},
		{"vm-rename", "third", "fourth"},
		{"vm-cpus", "fourth"},
		{"vm-copy", "fourth", "fifth"},
		{"vm-rename", "fourth", "Fourth"},
		{"json", "second"},
		{"json", "third"},
	}},
}

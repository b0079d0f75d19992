package torture

import (
	"strings"

	"vmterminal/app/torture/usecase"
)

// A scenario is a sequence of use cases on the store that setup creates.
type scenario struct {
	name  string
	steps [][]string
	// next are additional use cases that remove leftovers of the steps.
	next [][]string
}

// setup creates a store with a VM that has everything: a disk that differs from its snapshots, and
// an undo disk.
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

// %OURS% and %FOREIGN% are files outside the store to import as snapshots; %SYSTEM% is a file
// to import as an image.
var scenarios = []scenario{
	{name: "snapshots", steps: [][]string{
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
	{name: "disks", steps: [][]string{
		{"restore", "a"}, {"restore", "b"}, {"undo"}, {"undo"}, {"discard"}, {"restore", "b"}, {"create", "c"}, {"undo"},
	}},
	{name: "lazy", steps: [][]string{
		{"restore-lazy", "b"},
		{"create", "c"}, // fills in the disk
		{"restore-written", "b"},
		{"restore-lazy", "a"},
		{"undo"},
		{"delete", "b"},
		{"create", "d"}, // fills in the disk and adds what the guest wrote
		{"restore-written", "a"},
		{"restore", "d"},
		{"undo"},
		{"discard"},
		{"vm-clone", usecase.VM, "copy"},
	}},
	{name: "transfer", steps: [][]string{
		{"import", "%OURS%", "x"},
		{"import", "%FOREIGN%", "y"},
		{"describe", "y", "of another tool"},
		{"pin", "y"},
		{"rename", "y", "z"},
		{"restore", "z"},
		{"export", "x"},
		{"delete", "z"},
	}},
	{name: "images", next: [][]string{{"image-import", "%SYSTEM%", "next"}, {"image-remove", "next"}}, steps: [][]string{
		{"image-import", "%SYSTEM%", "base"},
		{"vm-from-image", "new", "base"},
		{"vm-from-image", "second", "base"},
		{"vm-purge", "new"},
		{"image-remove", "base"},
		{"image-import", "%SYSTEM%", "base"},
		{"vm-from-image", "third", "base"},
		{"image-remove", "base"},
	}},
	{name: "vms", steps: [][]string{
		{"clone", "a", "copy"},
		{"vm-use", "copy"},
		{"vm-create", "new"},
		{"vm-purge", "new"},
		{"vm-delete", "copy"},
		{"vm-reuse", "copy"},
		{"vm-purge", "copy"},
		{"vm-rename", "other", "third"},
		{"vm-use", "third"},
		{"vm-rename", "third", "fourth"},
		{"vm-cpus", "fourth"},
		{"vm-clone", "fourth", "fifth"},
		{"vm-rename", "fourth", "Fourth"},
		{"json", "second"},
		{"json", "third"},
	}},
}

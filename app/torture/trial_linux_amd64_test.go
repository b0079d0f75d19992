package torture

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"vmterminal/app/torture/usecase"
)

// A trial is a use case to be disturbed, on the store that setup makes and that
// before goes on with. Fresh is a store with nothing in it instead.
type trial struct {
	fresh  bool
	before [][]string
	deed   []string
}

var anImage = [][]string{{"image-import", "%SYSTEM%", "base"}}

var trials = []trial{
	{deed: []string{"create", "c"}},
	{deed: []string{"describe", "b", "short"}},
	{deed: []string{"describe", "b", strings.Repeat("long ", 800)}},
	{before: [][]string{{"import", "%FOREIGN%", "y"}}, deed: []string{"describe", "y", "of another tool"}},
	{deed: []string{"pin", "a"}},
	{before: [][]string{{"pin", "a"}}, deed: []string{"unpin", "a"}},
	{deed: []string{"rename", "b", "b2"}},
	{deed: []string{"rename", "a", "A"}},
	{before: [][]string{{"import", "%FOREIGN%", "y"}}, deed: []string{"rename", "y", "z"}},
	{deed: []string{"delete", "b"}},
	{deed: []string{"prune"}},
	{deed: []string{"restore", "a"}},
	{deed: []string{"restore", "b"}},
	{deed: []string{"undo"}},
	{deed: []string{"discard"}},
	{deed: []string{"verify", "b"}},
	{deed: []string{"import", "%OURS%", "x"}},
	{deed: []string{"import", "%FOREIGN%", "y"}},
	{deed: []string{"export", "b"}},
	{deed: []string{"clone", "a", "copy"}},
	{deed: []string{"image-import", "%SYSTEM%", "base"}},
	{before: anImage, deed: []string{"vm-of-image", "new", "base"}},
	{before: anImage, deed: []string{"image-remove", "base"}},
	{fresh: true, deed: []string{"vm-create", "new"}},
	{deed: []string{"vm-create", "new"}},
	{deed: []string{"vm-use", "other"}},
	{deed: []string{"vm-delete", "other"}},
	{deed: []string{"vm-delete", usecase.VM}},
	{deed: []string{"vm-erase", usecase.VM}},
	{before: [][]string{{"vm-delete", "other"}}, deed: []string{"vm-adopt", "other"}},
	{deed: []string{"vm-rename", "other", "third"}},
	{deed: []string{"vm-rename", usecase.VM, "third"}},
	{deed: []string{"vm-copy", usecase.VM, "copy"}},
	{deed: []string{"vm-cpus", usecase.VM}},
	{deed: []string{"json", "second"}},
}

func (tr trial) String() string { return fmt.Sprintf("%.40s", strings.Join(tr.deed, " ")) }

// vms tells whether the trial is about VMs, and not about one's snapshots.
func (tr trial) vms() bool { return strings.HasPrefix(tr.deed[0], "vm-") || tr.deed[0] == "clone" }

// images tells whether the trial is about images.
func (tr trial) images() bool { return strings.HasPrefix(tr.deed[0], "image-") }

// makesRoom tells whether the trial's use case works even where there is no room.
func (tr trial) makesRoom() bool {
	return slices.Contains([]string{"delete", "prune", "discard", "image-remove"}, tr.deed[0])
}

// stores are those that trials begin with, made already.
var stores = map[string]string{}

// store is the one that the trial begins with; it is not to be changed.
func (b *bench) store() (string, error) {
	before := slices.Concat(setup, b.trial.before)
	if b.trial.fresh {
		before = [][]string{{"vm-create", "gone"}, {"vm-erase", "gone"}}
	}
	key := fmt.Sprint(before)
	if stores[key] != "" {
		return stores[key], nil
	}
	dir, err := os.MkdirTemp(workspace, "store-")
	if err != nil {
		return "", err
	}
	home := homeIn(dir)
	for _, words := range before {
		if err := b.next.do(home, b.ground.words(words)...); err != nil {
			return "", err
		}
	}
	stores[key] = home
	return home, nil
}

// files are those that are imported, made already.
var files *ground

// abroad is a ground that has no more than files to import.
func abroad(s *subject) (*ground, error) {
	if files != nil {
		return files, nil
	}
	dir, err := os.MkdirTemp(workspace, "files-")
	if err != nil {
		return nil, err
	}
	g := &ground{ours: filepath.Join(dir, "ours"), foreign: filepath.Join(dir, "foreign"), system: filepath.Join(dir, "system")}
	if err := elsewhere(s, g); err != nil {
		return nil, err
	}
	files = g
	return g, nil
}

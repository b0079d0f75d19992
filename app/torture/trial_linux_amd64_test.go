package torture

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"vmterminal/app/torture/usecase"
)

// A trial is a use case to disturb, on the store that setup and prepare create, or on an empty store
// if fresh is set.
type trial struct {
	fresh   bool
	prepare [][]string
	step    []string
}

var importImage = [][]string{{"image-import", "%SYSTEM%", "base"}}

var trials = []trial{
	{step: []string{"create", "c"}},
	{step: []string{"describe", "b", "short"}},
	{step: []string{"describe", "b", strings.Repeat("long ", 800)}},
	{prepare: [][]string{{"import", "%FOREIGN%", "y"}}, step: []string{"describe", "y", "of another tool"}},
	{step: []string{"pin", "a"}},
	{prepare: [][]string{{"pin", "a"}}, step: []string{"unpin", "a"}},
	{step: []string{"rename", "b", "b2"}},
	{step: []string{"rename", "a", "A"}},
	{prepare: [][]string{{"import", "%FOREIGN%", "y"}}, step: []string{"rename", "y", "z"}},
	{step: []string{"delete", "b"}},
	{step: []string{"prune"}},
	{step: []string{"restore", "a"}},
	{step: []string{"restore", "b"}},
	{step: []string{"restore-lazy", "b"}},
	{prepare: [][]string{{"restore-written", "b"}}, step: []string{"create", "c"}},
	{prepare: [][]string{{"restore-written", "b"}}, step: []string{"restore-lazy", "a"}},
	{step: []string{"undo"}},
	{step: []string{"discard"}},
	{step: []string{"verify", "b"}},
	{step: []string{"import", "%OURS%", "x"}},
	{step: []string{"import", "%FOREIGN%", "y"}},
	{step: []string{"export", "b"}},
	{step: []string{"clone", "a", "copy"}},
	{step: []string{"image-import", "%SYSTEM%", "base"}},
	{prepare: importImage, step: []string{"vm-from-image", "new", "base"}},
	{prepare: importImage, step: []string{"image-remove", "base"}},
	{fresh: true, step: []string{"vm-create", "new"}},
	{step: []string{"vm-create", "new"}},
	{step: []string{"vm-use", "other"}},
	{step: []string{"vm-delete", "other"}},
	{step: []string{"vm-delete", usecase.VM}},
	{step: []string{"vm-purge", usecase.VM}},
	{prepare: [][]string{{"vm-delete", "other"}}, step: []string{"vm-reuse", "other"}},
	{step: []string{"vm-rename", "other", "third"}},
	{step: []string{"vm-rename", usecase.VM, "third"}},
	{step: []string{"vm-clone", usecase.VM, "copy"}},
	{step: []string{"vm-cpus", usecase.VM}},
	{step: []string{"json", "second"}},
}

func (tr trial) String() string { return fmt.Sprintf("%.40s", strings.Join(tr.step, " ")) }

// concernsVMs reports whether the trial changes VMs rather than snapshots.
func (tr trial) concernsVMs() bool {
	return strings.HasPrefix(tr.step[0], "vm-") || tr.step[0] == "clone"
}

// concernsImages reports whether the trial changes images.
func (tr trial) concernsImages() bool { return strings.HasPrefix(tr.step[0], "image-") }

// freesSpace reports whether the trial's use case works even on a full disk.
func (tr trial) freesSpace() bool {
	return slices.Contains([]string{"delete", "prune", "discard", "image-remove"}, tr.step[0])
}

// initialStores caches the initial stores of trials.
var initialStores = map[string]string{}

// initialStore returns the initial store of the trial, which must not be changed.
func (b *bench) initialStore() (string, error) {
	before := slices.Concat(setup, b.trial.prepare)
	if b.trial.fresh {
		before = [][]string{{"vm-create", "gone"}, {"vm-purge", "gone"}}
	}
	key := fmt.Sprint(before)
	if initialStores[key] != "" {
		return initialStores[key], nil
	}
	dir, err := os.MkdirTemp(workspace, "store-")
	if err != nil {
		return "", err
	}
	home := homePath(dir)
	for _, words := range before {
		if err := b.checker.run(home, b.fixture.expandPaths(words)...); err != nil {
			return "", err
		}
	}
	initialStores[key] = home
	return home, nil
}

// importFiles caches the files to import.
var importFiles *fixture

// importFixture returns a fixture with nothing but files to import.
func importFixture(s *subject) (*fixture, error) {
	if importFiles != nil {
		return importFiles, nil
	}
	dir, err := os.MkdirTemp(workspace, "files-")
	if err != nil {
		return nil, err
	}
	g := &fixture{ours: filepath.Join(dir, "ours"), foreign: filepath.Join(dir, "foreign"), system: filepath.Join(dir, "system")}
	if err := writeImports(s, g); err != nil {
		return nil, err
	}
	importFiles = g
	return g, nil
}

package debian

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"vmterminal/app/ondisk"
)

// Kept is a disk that Open has put into the cache.
type Kept struct {
	Release, Path string
	Built         time.Time
}

// List returns the disks that are in the folder cache, those of the newest release
// first.
func List(cache string) ([]Kept, error) {
	entries, err := os.ReadDir(cache)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var list []Kept
	for _, r := range releases {
		for _, e := range entries {
			info, err := e.Info()
			if err == nil && info.Mode().IsRegular() && ondisk.IsDebianImage(e.Name(), r.name) {
				list = append(list, Kept{r.name, filepath.Join(cache, e.Name()), info.ModTime()})
			}
		}
	}
	return list, err
}

// Remove removes the disks of a release from the cache; the next Open builds one
// again. ondisk.ErrLocked while one is being built.
func Remove(cache, release string) error {
	lock, err := ondisk.TryLock(ondisk.DebianLock(cache, release), "removing what was built")
	if err != nil {
		return fmt.Errorf("the disk of Debian %s is busy: %w", release, err)
	}
	defer lock.Close()
	if err := errors.Join(sweepWork(cache, release), sweepDisks(cache, release, "")); err != nil {
		return err
	}
	return ondisk.SyncDir(cache)
}

// Working is a build that goes on now, in whichever process.
type Working struct {
	Release string
	ondisk.Holder
}

// Builds returns the builds into the folder cache that go on now.
func Builds(cache string) (list []Working) {
	for _, r := range releases {
		if held, by := ondisk.Held(ondisk.DebianLock(cache, r.name)); held {
			list = append(list, Working{r.name, by})
		}
	}
	return list
}

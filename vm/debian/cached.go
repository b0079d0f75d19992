package debian

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"vmterminal/snapshot/durable"
	"vmterminal/vm/home"
)

// CachedDisk is a disk in the cache.
type CachedDisk struct {
	Release, Path string
	Built         time.Time
}

// List returns the disks in the folder cache, those with the newest release first.
func List(cache string) ([]CachedDisk, error) {
	entries, err := os.ReadDir(cache)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var list []CachedDisk
	for _, r := range releases {
		for _, e := range entries {
			info, err := e.Info()
			if err == nil && info.Mode().IsRegular() && home.IsDebianImage(e.Name(), r.name) {
				list = append(list, CachedDisk{r.name, filepath.Join(cache, e.Name()), info.ModTime()})
			}
		}
	}
	return list, err
}

// Activity codes of the locks that this package acquires; Activity.Name is the release.
const (
	ActivityBuild  = "debian_build"
	ActivityRemove = "debian_remove"
)

// Remove removes the disks with a release from the cache. It returns durable.ErrLocked while
// one is being built.
func Remove(cache, release string) error {
	lock, err := durable.TryLock(home.DebianLock(cache, release), durable.Activity{Code: ActivityRemove, Name: release})
	if err != nil {
		return fmt.Errorf("the disk of Debian %s is busy: %w", release, err)
	}
	defer lock.Close()
	if err := errors.Join(sweepWork(cache, release), sweepDisks(cache, release, "")); err != nil {
		return err
	}
	return durable.SyncDir(cache)
}

// ActiveBuild is a build that is running in any process.
type ActiveBuild struct {
	Release string
	durable.Holder
}

// ActiveBuilds returns the running builds for the folder cache.
func ActiveBuilds(cache string) (list []ActiveBuild) {
	for _, r := range releases {
		if held, by := durable.IsLocked(home.DebianLock(cache, r.name)); held {
			list = append(list, ActiveBuild{r.name, by})
		}
	}
	return list
}

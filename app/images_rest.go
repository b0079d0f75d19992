package app

import (
	"context"
	"fmt"
	"strings"
	"time"

	"vmterminal/snapshot/diskfile"
	"vmterminal/vm/debian"
	"vmterminal/vm/image/cache"
)

// LeftDownload is what has come of a download that was cut off; the next one of the
// same goes on from there.
type LeftDownload struct {
	Name string // of an image, or of the download of one that is not kept
	// Come is how many bytes there are, of Total; 0 if it is not known of how many.
	Come, Total int64
}

// BuiltDisk is a disk that was built of a distribution's packages, and is kept for
// new VMs.
type BuiltDisk struct {
	Name  string // "packages:bookworm"
	Used  int64  // bytes that it takes
	Built time.Time
}

// builtPrefix begins the name of a BuiltDisk. No image has such a name.
const builtPrefix = "packages:"

// LeftDownloads returns what there is of downloads at which nobody works now, by name.
func (s *Service) LeftDownloads(_ context.Context) ([]LeftDownload, error) {
	parts, err := s.images(nil).Parts()
	var list []LeftDownload
	for _, p := range parts {
		list = append(list, LeftDownload(p))
	}
	return list, failed(err, "", "list the downloads")
}

// BuiltDisks returns the disks that were built of packages, those of the newest
// release first.
func (s *Service) BuiltDisks(_ context.Context) ([]BuiltDisk, error) {
	kept, err := debian.List(s.opt.Home.Cache())
	var list []BuiltDisk
	for _, k := range kept {
		_, used := sizes(k.Path)
		list = append(list, BuiltDisk{builtPrefix + k.Release, used, k.Built})
	}
	return list, failed(err, "", "list what was built of packages")
}

// imagesTake is what all of these take, in bytes.
func (s *Service) imagesTake(ctx context.Context) (take int64, err error) {
	images, err := s.Images(ctx)
	if err != nil {
		return 0, err
	}
	parts, err := s.LeftDownloads(ctx)
	if err != nil {
		return 0, err
	}
	built, err := s.BuiltDisks(ctx)
	for _, i := range images {
		take += i.Size + i.DiskUsed
	}
	for _, p := range parts {
		take += p.Come
	}
	for _, b := range built {
		take += b.Used
	}
	return take, err
}

// RemoveImage removes an image that is kept, a LeftDownload or a BuiltDisk; VMs that
// were made of it are not concerned. It returns how many bytes that frees.
func (s *Service) RemoveImage(ctx context.Context, name string) (freed int64, err error) {
	if release, isBuilt := strings.CutPrefix(name, builtPrefix); isBuilt {
		freed, err = s.removeBuilt(ctx, release)
	} else {
		store, disk := s.images(nil), int64(0)
		if m, err := store.Get(name); err == nil && m.Disk != "" {
			disk = diskfile.Frees(m.Disk)
		}
		if freed, err = store.Remove(name); err == nil {
			freed += disk
		}
	}
	return freed, failed(err, "", "remove image '%s'", Plain(name))
}

func (s *Service) removeBuilt(ctx context.Context, release string) (freed int64, err error) {
	built, err := s.BuiltDisks(ctx)
	if err != nil {
		return 0, err
	}
	found := false
	for _, b := range built {
		if b.Name == builtPrefix+release {
			found, freed = true, freed+b.Used
		}
	}
	if !found {
		return 0, fmt.Errorf("%w: '%s'", cache.ErrNotFound, builtPrefix+Plain(release))
	}
	return freed, debian.Remove(s.opt.Home.Cache(), release)
}

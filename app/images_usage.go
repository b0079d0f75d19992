package app

import (
	"context"
	"fmt"
	"strings"
	"time"

	"vmterminal/app/problem"
	"vmterminal/snapshot/diskfile"
	"vmterminal/vm/debian"
	"vmterminal/vm/image/cache"
)

// PartialDownload is the received part of an interrupted download. The next download of the
// same image continues from it.
type PartialDownload struct {
	Name string // of the image, or of a download that is not cached
	// Received is the number of bytes received so far. Total is the full length, or 0 if
	// unknown.
	Received, Total int64
}

// BuiltDisk is a cached disk that was built from a distribution's packages.
type BuiltDisk struct {
	Name  string // such as "packages:bookworm"
	Used  int64  // space in bytes
	Built time.Time
}

// builtPrefix is the prefix of the names of BuiltDisks. Images cannot have such names.
const builtPrefix = "packages:"

// PartialDownloads returns the interrupted downloads, sorted by name. Running downloads are not
// included.
func (s *Service) PartialDownloads(_ context.Context) ([]PartialDownload, error) {
	parts, err := s.imageStore(nil).Parts()
	var list []PartialDownload
	for _, p := range parts {
		list = append(list, PartialDownload{p.Name, p.Received, p.Total})
	}
	return list, wrapFailure(err, problem.Operation{Code: problem.OpDownloadList})
}

// BuiltDisks returns the disks built from packages, sorted by release, newest first.
func (s *Service) BuiltDisks(_ context.Context) ([]BuiltDisk, error) {
	disks, err := debian.List(s.opt.Home.Cache())
	var list []BuiltDisk
	for _, d := range disks {
		_, used := fileSizes(d.Path)
		list = append(list, BuiltDisk{builtPrefix + d.Release, used, d.Built})
	}
	return list, wrapFailure(err, problem.Operation{Code: problem.OpImageBuiltList})
}

// imageUsage returns the space used by images, partial downloads and built disks, in bytes.
func (s *Service) imageUsage(ctx context.Context) (total int64, err error) {
	images, err := s.Images(ctx)
	if err != nil {
		return 0, err
	}
	parts, err := s.PartialDownloads(ctx)
	if err != nil {
		return 0, err
	}
	built, err := s.BuiltDisks(ctx)
	for _, i := range images {
		total += i.Size + i.DiskUsed + i.BaseUsed
	}
	for _, p := range parts {
		total += p.Received
	}
	for _, b := range built {
		total += b.Used
	}
	return total, err
}

// RemoveImage removes a cached image, a PartialDownload or a BuiltDisk, and returns the number
// of bytes freed. VMs created from it are not affected.
func (s *Service) RemoveImage(ctx context.Context, name string) (freed int64, err error) {
	if release, isBuilt := strings.CutPrefix(name, builtPrefix); isBuilt {
		freed, err = s.removeBuilt(ctx, release)
	} else {
		store, others := s.imageStore(nil), int64(0)
		if m, err := store.Get(name); err == nil {
			for _, path := range []string{m.Disk, m.Base} {
				others += diskfile.Reclaimable(path)
			}
		}
		if freed, err = store.Remove(name); err == nil {
			freed += others
		}
	}
	return freed, wrapFailure(err, problem.Operation{Code: problem.OpImageRemove, Image: name})
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

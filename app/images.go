package app

import (
	"context"
	"time"

	"vmterminal/app/job"
	"vmterminal/app/problem"
	"vmterminal/snapshot"
	"vmterminal/snapshot/durable"
	"vmterminal/vm"
	"vmterminal/vm/image/cache"
	"vmterminal/vm/image/catalog"
)

// ImageSources describes the servers that images are downloaded from; see Options.
type ImageSources = catalog.Catalog

// Image is a cached image for new VMs.
type Image struct {
	// Name is a catalog name such as "debian:trixie", or the name under which the image was
	// imported.
	Name, Version string
	// Size is the length of the file in bytes. Digest is its SHA-256 checksum.
	Size   int64
	Digest string
	// DiskUsed is the space used by the cached disk created from the image, in bytes, or 0 if
	// the image itself is that disk. VMs share the disk's blocks on file systems that support
	// it.
	DiskUsed int64
	// BaseUsed is the space used by the image's base, in bytes, or 0 without one. It is a snapshot
	// of the disk created from the image, which first snapshots of VMs reuse.
	BaseUsed int64
	// Verified is how the image was verified: "signature", "checksum" or "none".
	Verified string
	Source   string
	Added    time.Time
	// UsedBy lists the VMs created from this or an earlier version of the image.
	UsedBy []string
	// Problem says why the image cannot be used; it is "" if the image can be used.
	Problem string
}

// System is an operating system of the catalog.
type System struct{ Name, About string }

// Systems returns the catalog, sorted by name.
func (s *Service) Systems() []System {
	var all []System
	for _, d := range catalog.Distros() {
		all = append(all, System{d.Name, d.About})
	}
	return all
}

// Images returns the cached images, sorted by name.
func (s *Service) Images(_ context.Context) ([]Image, error) {
	cached, err := s.imageStore(nil).List()
	var vms []vm.Entry
	if err == nil {
		vms, _, err = s.vms.List()
	}
	if err != nil {
		return nil, wrapFailure(err, problem.Operation{Code: problem.OpImageList})
	}
	list := make([]Image, len(cached))
	for i, m := range cached {
		list[i] = imageFromCache(m, vms)
	}
	return list, nil
}

func imageFromCache(m cache.Image, vms []vm.Entry) Image {
	i := Image{
		Name: m.Name, Version: m.Version, Size: m.Size, Digest: m.Digest, Verified: string(m.Verified),
		Source: m.Source, Added: m.Added,
	}
	_, i.DiskUsed = fileSizes(m.Disk)
	_, i.BaseUsed = fileSizes(m.Base)
	if m.Broken != nil {
		i.Problem = Plain(m.Broken.Error())
	}
	for _, v := range vms {
		if durable.SameName(v.Image, m.Name) {
			i.UsedBy = append(i.UsedBy, v.Name)
		}
	}
	return i
}

// imageStore returns the store of images. m, which may be nil, is notified of waits for other
// processes.
func (s *Service) imageStore(m job.Meter) *cache.Store {
	store := &cache.Store{
		Home: s.opt.Home, Client: s.opt.Images.Client,
		Room: snapshot.CheckRoom,
	}
	store.Client.Log = s.opt.Log
	if m != nil {
		store.OnWait = m.WaitFor
	}
	return store
}

package app

import (
	"context"
	"time"

	"vmterminal/app/ondisk"
	"vmterminal/snapshot"
	"vmterminal/vm"
	"vmterminal/vm/image/cache"
	"vmterminal/vm/image/catalogue"
)

// ImageSources is where images of systems are found; see Options.
type ImageSources = catalogue.Catalogue

// Image is an image that is kept for new VMs.
type Image struct {
	// Name is "debian:trixie" of one of the catalogue, else as it was imported.
	Name, Version string
	// Size is the file's, in bytes; Digest its SHA-256.
	Size   int64
	Digest string
	// DiskUsed is what the disk that is kept of it takes, whose blocks VMs share: of
	// an image that is not that disk itself, where the file system can do so.
	DiskUsed int64
	// Verified says what vouches for it: "signature", "checksum" or "none".
	Verified string
	Source   string
	Added    time.Time
	// UsedBy are the VMs that were made of it, or of an earlier version.
	UsedBy []string
	// Problem is why it cannot be used, "" of a sound one.
	Problem string
}

// System is a system of the catalogue.
type System struct{ Name, About string }

// Systems is the catalogue, by name.
func (s *Service) Systems() []System {
	var all []System
	for _, d := range catalogue.Distros() {
		all = append(all, System{d.Name, d.About})
	}
	return all
}

// Images returns the images that are kept, by name.
func (s *Service) Images(_ context.Context) ([]Image, error) {
	kept, err := s.images(nil).List()
	var vms []vm.Entry
	if err == nil {
		vms, _, err = s.vms.List()
	}
	if err != nil {
		return nil, failed(err, "", "list the images")
	}
	list := make([]Image, len(kept))
	for i, m := range kept {
		list[i] = asImage(m, vms)
	}
	return list, nil
}

func asImage(m cache.Image, vms []vm.Entry) Image {
	i := Image{
		Name: m.Name, Version: m.Version, Size: m.Size, Digest: m.Digest, Verified: string(m.Verified),
		Source: m.Source, Added: m.Added,
	}
	_, i.DiskUsed = sizes(m.Disk)
	if m.Broken != nil {
		i.Problem = Plain(m.Broken.Error())
	}
	for _, v := range vms {
		if ondisk.SameName(v.Image, m.Name) {
			i.UsedBy = append(i.UsedBy, v.Name)
		}
	}
	return i
}

// images is the store of images. Work in it that waits for another process tells
// so as a phase; m may be nil.
func (s *Service) images(m Meter) *cache.Store {
	store := &cache.Store{
		Home: s.opt.Home, Client: s.opt.Images.Client,
		Room: func(dir string) error { return snapshot.Room(dir, 0) },
	}
	if m != nil {
		store.Say = func(line string) { m.Phase(line, 0) }
	}
	return store
}

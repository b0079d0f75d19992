package app

import (
	"context"
	"slices"

	"vmterminal/snapshot"
	"vmterminal/vm"
	"vmterminal/vm/supervisor"
)

// ImageBaseCommand is the hidden command that writes the base of an image. Its argument is the
// name of the image.
const ImageBaseCommand = "image-base"

// minBaseImage is the minimum size of an image, in bytes, for a base. First snapshots of smaller
// disks are fast without one.
const minBaseImage = 64 << 20

// startImageBase starts a process that writes the base of a cached image, unless the image is small
// or has one. VMs of the image reuse the base in their first snapshots. Errors are ignored, because
// without a base these snapshots just take longer.
func (s *Service) startImageBase(name string) {
	m, err := s.imageStore(nil).Get(name)
	if err != nil || m.Base != "" || m.Size < minBaseImage {
		return
	}
	_ = supervisor.StartDetached(s.opt.Program, []string{ImageBaseCommand, m.Name})
}

// WriteImageBase writes the base of a cached image, unless it has one: a snapshot of the disk
// created from the image. It is canceled when another process uses the image.
func (s *Service) WriteImageBase(ctx context.Context, name string) error {
	return s.imageStore(nil).WriteBase(ctx, name, func(ctx context.Context, disk, base string) error {
		src, err := snapshot.OpenDisk(disk)
		if err != nil {
			return err
		}
		defer src.Close()
		return snapshot.WriteFile(ctx, src, base, snapshot.Request{Name: name, Taken: snapshot.TakenStopped}, nil)
	})
}

// findBase returns the path of the snapshot file whose chunks the first snapshot of a VM reuses, or
// "": the snapshot that the disk was cloned from, or the base of the VM's image. For the latter it
// also returns the name of the image.
func (s *Service) findBase(ctx context.Context, e vm.Entry) (path, image string) {
	if path := s.findSource(ctx, readOrigin(s.vms.Dir(e.Name)).Source); path != "" {
		return path, ""
	}
	m, err := s.imageStore(nil).Get(e.Image)
	if err != nil || m.Base == "" {
		return "", ""
	}
	return m.Base, m.Name
}

// sourceRef identifies a snapshot of any VM, by the IDs of both and by its digest.
type sourceRef struct {
	VM     string `json:"vm,omitempty"`
	ID     string `json:"id,omitempty"`
	Digest string `json:"digest,omitempty"`
}

// findSource returns the path of a snapshot, or "" if it no longer exists.
func (s *Service) findSource(ctx context.Context, r sourceRef) string {
	if r.ID == "" {
		return ""
	}
	entries, _, err := s.vms.List()
	at := slices.IndexFunc(entries, func(e vm.Entry) bool { return e.ID == r.VM })
	if err != nil || at < 0 {
		return ""
	}
	dir := s.vms.Dir(entries[at].Name)
	list, _, err := snapshot.Open(SnapshotPaths(dir)).List(ctx)
	at = slices.IndexFunc(list, func(i snapshot.Info) bool { return i.ID == r.ID && i.Digest == r.Digest })
	if err != nil || at < 0 {
		return ""
	}
	return snapshot.File(dir.Snapshots(), list[at].Name)
}

// copySource returns the snapshot that has most in common with the current disk of a VM: the one
// that was last taken or restored, or else the one that the disk was cloned from.
func (s *Service) copySource(ctx context.Context, e vm.Entry) sourceRef {
	dir := s.vms.Dir(e.Name)
	o := readOrigin(dir)
	list, _, err := snapshot.Open(SnapshotPaths(dir)).List(ctx)
	at := slices.IndexFunc(list, o.Disk.matches)
	if err != nil || at < 0 || list[at].ID == "" {
		return o.Source
	}
	return sourceRef{e.ID, list[at].ID, list[at].Digest}
}

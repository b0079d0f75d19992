package cache

import (
	"context"
	"errors"

	"vmterminal/snapshot/durable"
	"vmterminal/vm/home"
)

// lockedImage is a locked image. Its context ends with the parent context, or when another
// process requests cancellation; see durable.WriteRequest.
type lockedImage struct {
	context.Context
	lock       *durable.Lock
	cancelFile string
	stopWatch  func()
}

// Activity codes of the locks that this package acquires.
const (
	ActivityGet      = "image_get"      // Name is the image
	ActivityDownload = "image_download" // Name is a URL
	ActivityDisk     = "image_disk"     // Name is the image
	ActivityBase     = "image_base"     // Name is the image
	ActivityRemove   = "image_remove"
	ActivitySweep    = "image_sweep"
)

// lock locks an image, waiting for the current holder.
func (s *Store) lock(ctx context.Context, dir home.ImageDir, activity durable.Activity) (*lockedImage, error) {
	interrupt := interruptBase(dir)
	lock, err := durable.AwaitLock(ctx, dir.Lock(), activity, func(busy error, first bool) bool {
		interrupt(busy)
		var by *durable.Busy
		if first && s.OnWait != nil && errors.As(busy, &by) {
			s.OnWait(by.Holder)
		}
		return true
	})
	if err != nil {
		return nil, err
	}
	return watchCancel(ctx, dir, lock)
}

// watchCancel returns the image that lock locks. After an error it is unlocked.
func watchCancel(ctx context.Context, dir home.ImageDir, lock *durable.Lock) (*lockedImage, error) {
	if err := durable.ClearRequest(dir.Cancel()); err != nil {
		lock.Close()
		return nil, err
	}
	ctx, end := durable.WatchCancel(ctx, dir.Cancel())
	return &lockedImage{ctx, lock, dir.Cancel(), end}, nil
}

// release unlocks the image and clears any cancel request.
func (h *lockedImage) release() {
	h.stopWatch()
	_ = durable.ClearRequest(h.cancelFile) // the next holder of the lock does this too
	h.lock.Close()
}

// Operation is a running operation on an image, in any process.
type Operation struct {
	Name string // name of the image, or of a download that is not stored
	durable.Holder
	// Received is the number of downloaded bytes, Total the size of the download; 0 if there is
	// no download or the size is unknown.
	Received, Total int64
}

// Operations returns the running operations, sorted by name.
func (s *Store) Operations() ([]Operation, error) {
	dirs, err := s.listFolders()
	var list []Operation
	for _, dir := range dirs {
		isHeld, by := durable.IsLocked(dir.Lock())
		if !isHeld {
			continue
		}
		op := Operation{Name: imageName(dir), Holder: by}
		part, _ := readPart(dir)
		op.Received, op.Total = part.Received, part.Total
		list = append(list, op)
	}
	return list, err
}

// Dir returns the folder of an image, whether or not the image exists.
func (s *Store) Dir(name string) (home.ImageDir, error) {
	if err := CheckName(name); err != nil {
		return "", err
	}
	return s.dir(name), nil
}

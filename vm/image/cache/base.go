package cache

import (
	"context"
	"errors"
	"os"
	"strings"
	"time"

	"vmterminal/snapshot/durable"
	"vmterminal/vm/home"
	"vmterminal/vm/image"
)

// WriteBase adds the base of an image, unless it has one. write is called with the paths of the
// disk created from the image and of the base, which it must write, with its index, by replacing
// files atomically. WriteBase needs the image's lock: it fails if another process has it, and is
// canceled when another process waits for it.
func (s *Store) WriteBase(ctx context.Context, name string, write func(ctx context.Context, disk, base string) error) error {
	dir, err := s.Dir(name)
	if err != nil {
		return err
	}
	lock, err := durable.TryLock(dir.Lock(), durable.Activity{Code: ActivityBase, Name: name})
	if err != nil {
		return err
	}
	held, err := watchCancel(ctx, dir, lock)
	if err != nil {
		return err
	}
	defer held.release()
	removeLeftovers(dir)
	m, err := s.Get(name)
	if err == nil {
		err = m.Broken
	}
	if err != nil || m.Base != "" {
		return err
	}
	// The disk and the base together are rarely larger. A cache must not fill the file system.
	if err := s.roomCheck(dir)(4 * m.Size); err != nil {
		return err
	}
	disk, remove, err := s.openBaseDisk(held, dir, m)
	if err != nil {
		return err
	}
	defer remove()
	return write(held, disk, dir.Base(m.Digest))
}

// openBaseDisk returns the path of the disk created from an image, which it creates if necessary. The
// caller must call remove.
func (s *Store) openBaseDisk(ctx context.Context, dir home.ImageDir, m Image) (path string, remove func(), err error) {
	remove = func() {}
	if m.Disk != "" {
		return m.Disk, remove, nil
	}
	from, err := os.Open(dir.File(m.Digest))
	if err != nil {
		return "", nil, err
	}
	defer from.Close()
	info, err := image.Inspect(from)
	if err != nil {
		return "", nil, err
	}
	if info.Compression == image.Plain && info.Format == image.Raw {
		return from.Name(), remove, nil
	}
	disk, err := os.OpenFile(durable.TempName(dir.File(m.Digest)), os.O_RDWR|os.O_CREATE|os.O_EXCL, durable.FileMode)
	if err != nil {
		return "", nil, err
	}
	defer disk.Close()
	// The file was verified when the VM was created. Only equal chunks of a base are used.
	if _, err := image.Write(ctx, disk, from, image.Options{Room: s.roomCheck(dir), Force: true}); err != nil {
		os.Remove(disk.Name())
		return "", nil, err
	}
	return disk.Name(), func() { os.Remove(disk.Name()) }, nil
}

// RemoveBase removes the base of an image, if it has one.
func (s *Store) RemoveBase(name string) error {
	dir, err := s.Dir(name)
	if err != nil {
		return err
	}
	lock, err := durable.TryLock(dir.Lock(), durable.Activity{Code: ActivityRemove})
	if err != nil {
		return err
	}
	defer lock.Close()
	m, err := s.Get(name)
	if err != nil || m.Base == "" {
		return err
	}
	return errors.Join(os.Remove(dir.Base(m.Digest)), os.Remove(dir.BaseIndex(m.Digest)))
}

// findBase returns the path of the base of the image with the given digest, or "".
func findBase(dir home.ImageDir, digest string) string {
	for _, path := range []string{dir.BaseIndex(digest), dir.Base(digest)} {
		if st, err := os.Lstat(path); err != nil || !st.Mode().IsRegular() {
			return ""
		}
	}
	return dir.Base(digest)
}

func isBaseFile(path string) bool {
	return strings.HasSuffix(path, home.ImageBaseSuffix) || strings.HasSuffix(path, home.ImageBaseIndexSuffix)
}

// interruptTimeout is how long Remove waits for a process that writes a base.
const interruptTimeout = 10 * time.Second

// interruptBase returns a function for durable.AwaitLock. It asks a process that has the image's
// lock in order to write a base to stop, and reports whether there is one.
func interruptBase(dir home.ImageDir) func(busy error) bool {
	asked := 0
	return func(busy error) bool {
		var by *durable.Busy
		if !errors.As(busy, &by) || by.Holder.Activity.Code != ActivityBase {
			return false
		}
		if by.Holder.PID != asked && durable.WriteRequest(dir.Cancel(), by.Holder.PID) == nil {
			asked = by.Holder.PID
		}
		return true
	}
}

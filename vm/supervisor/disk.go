package supervisor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"vmterminal/snapshot/durable"
	"vmterminal/snapshot/durable/guard"
	"vmterminal/vm/home"
	"vmterminal/vm/image"
	"vmterminal/vm/supervisor/client"
)

// A supervisor keeps the disk open while QEMU runs. If another program replaces
// disk.raw, as backup and copy tools do, the guest keeps writing to a deleted file,
// which would be lost when QEMU exits.

// setDisk replaces the open disk and closes the previous one.
func (m *machine) setDisk(disk *os.File) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.disk != nil {
		m.disk.Close()
	}
	m.disk = disk
}

func (m *machine) openDisk() *os.File {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.disk
}

// hasName reports whether path is a name of the open file, or whether that cannot be
// determined.
func hasName(f *os.File, path string) bool {
	open, err := f.Stat()
	if err != nil {
		return true
	}
	atPath, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false
	}
	return err != nil || os.SameFile(open, atPath)
}

// inodeOf returns the inode number of an open file, or 0 if it is unknown.
func inodeOf(f *os.File) uint64 {
	if f == nil {
		return 0
	}
	st, err := f.Stat()
	if err != nil {
		return 0
	}
	if sys, ok := st.Sys().(*syscall.Stat_t); ok {
		return sys.Ino
	}
	return 0
}

// modTimeOf returns the modification time of an open file, or the zero time if it is
// unknown.
func modTimeOf(f *os.File) time.Time {
	if f == nil {
		return time.Time{}
	}
	st, err := f.Stat()
	if err != nil {
		return time.Time{}
	}
	return st.ModTime()
}

// openRecordedDisk opens the disk of a running QEMU, even if it was renamed or deleted. It returns
// nil if it cannot find the disk, as on systems without /proc or with records from an earlier
// version.
func openRecordedDisk(dir home.VMDir, rec client.RunRecord) *os.File {
	if rec.DiskInode == 0 {
		return nil
	}
	links, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", rec.QEMU.PID)) // the pattern is well-formed
	for _, path := range append(links, dir.Disk()) {                      // QEMU does not open a lazy disk at first
		st, err := os.Stat(path)
		if err != nil || !st.Mode().IsRegular() {
			continue
		}
		if sys, ok := st.Sys().(*syscall.Stat_t); !ok || sys.Ino != rec.DiskInode {
			continue
		}
		if f, err := os.Open(path); err == nil {
			return f
		}
	}
	return nil
}

// saveDisk saves the disk that QEMU had open if disk.raw was replaced by another file.
// It calls report with StopSavingDisk before it starts to copy. The caller must hold the
// VM's lock, and QEMU must have exited.
func saveDisk(dir home.VMDir, disk *os.File, room func(bytes int64) error, report func(client.StopStep)) client.ReplacedDisk {
	if disk == nil || hasName(disk, dir.Disk()) || !guard.On(guard.SavedDisk) {
		return client.ReplacedDisk{}
	}
	if name, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", disk.Fd())); err == nil && hasName(disk, name) {
		return client.ReplacedDisk{Code: client.ReplacedDiskRenamed, Path: name}
	}
	_, path := dir.SavedDisks()
	report(client.StopStep{Code: client.StopSavingDisk, Path: path})
	if err := copyDisk(disk, path, room); err != nil {
		return client.ReplacedDisk{Code: client.ReplacedDiskLost, Detail: err.Error()}
	}
	return client.ReplacedDisk{Code: client.ReplacedDiskSaved, Path: path}
}

func copyDisk(disk *os.File, path string, room func(bytes int64) error) error {
	to, err := durable.NewReplacement(path)
	if err != nil {
		return err
	}
	defer to.Discard()
	if err := image.Copy(context.Background(), to.File, disk, image.Options{Room: room}); err != nil {
		return err
	}
	return to.Commit()
}

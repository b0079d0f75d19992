package guestfiles

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"vmterminal/app/job"
	"vmterminal/snapshot"
	"vmterminal/snapshot/diskfile"
	"vmterminal/snapshot/durable"
)

const (
	// maxEntries is how many files a guest may send in one copy.
	maxEntries = 8 << 20
	// spaceCheckInterval is how many bytes are written between checks of the free space, and
	// entrySize is the estimated overhead of a file or folder.
	spaceCheckInterval, entrySize = 1 << 20, 4 << 10
)

// An unpacker unpacks the archive of a file or folder from a guest, under a temporary name next
// to the destination. Afterwards, commit moves it into place; discard must always be called
// last. The archive is not trusted.
type unpacker struct {
	base, to  string // name in the archive, and destination
	recursive bool   // folders are allowed
	meter     job.Meter
	sync      func(folder string) error // makes the folder's contents durable
	copied    Copied

	entries, links int
	written        int64 // since the last check of the free space
	file           *durable.Replacement
	folder         string   // temporary
	root           *os.Root // of folder
	openDirs       []unpackedDir
}

// unpackedDir is a folder to which entries may still be added.
type unpackedDir struct {
	name     string
	modified time.Time
}

// unpack reads the archive and the padding after it.
func (u *unpacker) unpack(r io.Reader) error {
	archive := tar.NewReader(r)
	head, err := archive.Next()
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: the guest sent nothing", ErrCopy)
	}
	if err != nil {
		return archiveError(err)
	}
	if err := u.checkEntry(head); err != nil {
		return err
	}
	switch {
	case cleanName(head.Name) != u.base:
		return archiveError(nil)
	case head.Typeflag == tar.TypeReg:
		err = u.unpackFile(archive, head)
	case head.Typeflag != tar.TypeDir:
		return fmt.Errorf("%w: neither a file nor a folder", ErrCopy)
	case !u.recursive:
		return fmt.Errorf("%w: the guest sent a folder instead of a file", ErrCopy)
	default:
		err = u.unpackFolder(archive, head)
	}
	if err != nil {
		return err
	}
	padding, err := io.Copy(io.Discard, io.LimitReader(r, maxPadding))
	if err == nil && padding == maxPadding {
		err = archiveError(nil)
	}
	return err
}

func archiveError(err error) error {
	if err == nil {
		return fmt.Errorf("%w: the guest sent something unexpected", ErrCopy)
	}
	return fmt.Errorf("%w: the data from the guest is invalid: %w", ErrCopy, err)
}

func cleanName(name string) string { return path.Clean(strings.TrimPrefix(name, "./")) }

// checkEntry rejects entries that exceed the limits, and sparse entries, which may be larger than
// their data and which packScript does not produce.
func (u *unpacker) checkEntry(head *tar.Header) error {
	if u.entries++; u.entries > maxEntries {
		return fmt.Errorf("%w: the guest sends more than %d files", ErrCopy, maxEntries)
	}
	if len(head.Name) > maxPath || len(head.Linkname) > maxPath {
		return archiveError(nil)
	}
	sparse := head.Typeflag == tar.TypeGNUSparse
	for key := range head.PAXRecords {
		sparse = sparse || strings.HasPrefix(key, "GNU.sparse.")
	}
	if sparse {
		return archiveError(nil)
	}
	return u.reserveSpace(entrySize)
}

// reserveSpace counts n bytes that are about to be written. It returns a *snapshot.NoSpace if
// too little space would remain free.
func (u *unpacker) reserveSpace(n int64) error {
	if u.written += n; u.written < spaceCheckInterval {
		return nil
	}
	u.written = 0
	return snapshot.CheckRoom(filepath.Dir(u.to), spaceCheckInterval)
}

func (u *unpacker) unpackFile(archive *tar.Reader, head *tar.Header) (err error) {
	u.meter.Phase(job.CopyFiles, head.Size)
	u.file, err = durable.NewReplacementMode(u.to, fs.FileMode(head.Mode).Perm())
	if err != nil {
		return err
	}
	if err := u.writeFile(u.file.File, archive); err != nil {
		return err
	}
	return setModified(os.Chtimes, u.file.Name(), head.ModTime)
}

// writeFile writes the contents of a file. Zeros become holes.
func (u *unpacker) writeFile(f *os.File, archive io.Reader) error {
	u.copied.Files++
	buf := make([]byte, 256<<10)
	for size := int64(0); ; {
		n, err := readUntilFull(archive, buf)
		if err := u.reserveSpace(diskfile.DataBytes(buf[:n])); err != nil {
			return err
		}
		if _, err := diskfile.WriteSparse(f, buf[:n], size); err != nil {
			return err
		}
		size += int64(n)
		u.copied.Bytes += int64(n)
		u.meter.Add(int64(n))
		switch {
		case errors.Is(err, io.EOF):
			return f.Truncate(size)
		case err != nil:
			return archiveError(err)
		case u.copied.Bytes > snapshot.MaxDisk:
			return fmt.Errorf("%w: it is larger than a guest's disk can be", ErrCopy)
		}
	}
}

// readUntilFull is like io.ReadFull, but returns io.EOF even after a partial read, so that
// io.ErrUnexpectedEOF always means a truncated archive.
func readUntilFull(r io.Reader, buf []byte) (n int, err error) {
	for n < len(buf) && err == nil {
		var more int
		more, err = r.Read(buf[n:])
		n += more
	}
	return n, err
}

// setModified sets the modification time of a file if the time can be represented.
func setModified(chtimes func(name string, atime, mtime time.Time) error, name string, t time.Time) error {
	if !time.Unix(0, t.UnixNano()).Equal(t) {
		return nil
	}
	return chtimes(name, time.Time{}, t)
}

// unpackFolder unpacks the archive to a new folder. os.Root confines all writes to that folder,
// no matter which links the archive contains.
func (u *unpacker) unpackFolder(archive *tar.Reader, head *tar.Header) (err error) {
	if _, err := os.Lstat(u.to); err == nil {
		return &fs.PathError{Op: "mkdir", Path: u.to, Err: syscall.EEXIST}
	}
	folder := durable.TempName(u.to)
	if err := os.Mkdir(folder, 0o700); err != nil {
		return err
	}
	u.folder = folder
	if u.root, err = os.OpenRoot(folder); err != nil {
		return err
	}
	u.openDirs = []unpackedDir{{".", head.ModTime}}
	for {
		head, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return archiveError(err)
		}
		if err := u.unpackEntry(archive, head); err != nil {
			return err
		}
	}
	if u.links > 0 {
		if err := u.removeEscapingLinks("."); err != nil {
			return err
		}
	}
	return u.closeDirs("")
}

func (u *unpacker) unpackEntry(archive io.Reader, head *tar.Header) error {
	name, within := strings.CutPrefix(cleanName(head.Name), u.base+"/")
	if !within || !filepath.IsLocal(name) {
		return archiveError(nil)
	}
	if err := u.checkEntry(head); err != nil {
		return err
	}
	if err := u.closeDirs(name); err != nil {
		return err
	}
	mode := fs.FileMode(head.Mode).Perm()
	switch head.Typeflag {
	case tar.TypeDir:
		u.openDirs = append(u.openDirs, unpackedDir{name, head.ModTime})
		return u.root.Mkdir(name, mode|0o700)
	case tar.TypeSymlink:
		u.links++
		return u.root.Symlink(head.Linkname, name)
	case tar.TypeReg:
	case tar.TypeLink:
		old, within := strings.CutPrefix(cleanName(head.Linkname), u.base+"/")
		if !within {
			return archiveError(nil)
		}
		return u.root.Link(old, name)
	default:
		u.copied.addSkipped(name)
		return nil
	}
	f, err := u.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	if err := errors.Join(u.writeFile(f, archive), f.Close()); err != nil {
		return err
	}
	return setModified(u.root.Chtimes, name, head.ModTime)
}

// closeDirs sets the modification times of the open folders that do not contain name, the next
// entry. If name is empty, it does so for all open folders.
func (u *unpacker) closeDirs(name string) error {
	for len(u.openDirs) > 0 {
		last := u.openDirs[len(u.openDirs)-1]
		if name != "" && (last.name == "." || strings.HasPrefix(name, last.name+"/")) {
			return nil
		}
		u.openDirs = u.openDirs[:len(u.openDirs)-1]
		if err := setModified(u.root.Chtimes, last.name, last.modified); err != nil {
			return err
		}
	}
	return nil
}

// removeEscapingLinks removes symbolic links below a folder that point outside the copy, because
// later writes through them would go to a place chosen by the guest.
func (u *unpacker) removeEscapingLinks(dir string) error {
	f, err := u.root.Open(dir)
	if err != nil {
		return err
	}
	defer f.Close()
	for {
		entries, err := f.ReadDir(1000)
		if errors.Is(err, io.EOF) {
			return nil
		}
		for _, e := range entries {
			name := path.Join(dir, e.Name())
			switch {
			case e.IsDir():
				err = errors.Join(err, u.removeEscapingLinks(name))
			case e.Type()&fs.ModeSymlink != 0 && u.isEscapingLink(name):
				u.copied.addSkipped(name)
				err = errors.Join(err, u.root.Remove(name))
			}
		}
		if err != nil {
			return err
		}
	}
}

// isEscapingLink reports whether a link points outside the copy, or could do so once a missing file
// exists.
func (u *unpacker) isEscapingLink(name string) bool {
	link, err := u.root.Readlink(name)
	if err != nil || path.IsAbs(link) || !filepath.IsLocal(path.Join(path.Dir(name), link)) {
		return true
	}
	_, err = u.root.Stat(name)
	var errno syscall.Errno
	return err != nil && (!errors.As(err, &errno) || errors.Is(err, syscall.EXDEV))
}

// commit makes the unpacked files durable and moves them into place.
func (u *unpacker) commit() error {
	if u.file != nil {
		return u.file.Commit()
	}
	if err := u.sync(u.folder); err != nil {
		return err
	}
	if err := diskfile.RenameNew(u.folder, u.to); err != nil {
		return err
	}
	u.folder = ""
	return durable.MarkNotDurable(durable.SyncDir(filepath.Dir(u.to)))
}

// discard removes all files that were not committed.
func (u *unpacker) discard() {
	if u.file != nil {
		u.file.Discard()
	}
	if u.root != nil {
		_ = u.root.Close()
	}
	if u.folder != "" {
		_ = os.RemoveAll(u.folder)
	}
}

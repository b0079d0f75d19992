package snapshot

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"vmterminal/snapshot/diskfile"
	"vmterminal/snapshot/durable"
	"vmterminal/snapshot/gzfile"
)

// A snapshot file contains its name, description and pin, so changing them changes the
// file. The header is overwritten in place: on a file system that cannot share blocks, a
// new file would cost as much time and space as the snapshot. But overwriting is not
// atomic: a power cut may tear the header, which makes the file unreadable. So the new
// header is first written durably to another file in the folder (HeaderSuffix), which is
// removed once the snapshot file is durable. If the header is torn, openHeader reads the
// header beside the file instead, without a lock, even while the header is being written.
// The next change of rows completes the change under the rows' lock. A file whose header is
// intact is left alone, so that what was read after the crash remains true. A new file is
// written only if the new header is longer than the old one, or if the file has a second
// name (a backup by hard links).
//
// The rest of the file never changes in place, so a restore that has read the header is not
// affected.

// newHeader is an encoded header that is ready to be written to a snapshot file.
type newHeader struct {
	gzfile.Header
	encoded []byte
	// The whole new file and its index, if the header cannot be overwritten.
	rewritten *durable.Replacement
	index     *gzfile.Index
}

// discard removes the new file if put was not called.
func (n *newHeader) discard() {
	if n != nil && n.rewritten != nil {
		n.rewritten.Discard()
	}
}

// prepareHeader edits the header of the snapshot called name. The header is to be written
// to the file of the snapshot called place; place and name differ in a rename.
// prepareHeader returns nil if the file is foreign or nothing changes. The caller must hold
// the job lock or the rows' lock.
func (d folder) prepareHeader(ctx context.Context, name, destName string, edit func(*gzfile.EditableFields)) (*newHeader, error) {
	file, _, err := d.open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	if file.native == nil {
		return nil, nil
	}
	current := file.native.Header.EditableFields()
	edited := current
	edit(&edited)
	if edited == current {
		return nil, nil
	}
	n := &newHeader{}
	n.Header, n.encoded, err = file.native.EditHeader(edited)
	if errors.Is(err, gzfile.ErrTooLong) {
		return nil, errors.Join(ErrBadDescription, err)
	}
	longer := n.FileSize - file.native.Header.FileSize
	if err != nil || longer == 0 && !hasOtherNames(file.File) {
		return n, err
	}
	if index := readIndex(d.indexPath(name), file); index != nil {
		n.index = index.ShiftedBy(longer)
	}
	return n, d.rewriteFile(ctx, n, file, destName)
}

// hasOtherNames reports whether a file has other hard links, such as backups, which
// overwriting would change.
func hasOtherNames(f *os.File) bool {
	st, err := f.Stat()
	return err == nil && diskfile.Links(st) > 1
}

// rewriteFile writes the whole file again with the new header.
func (d folder) rewriteFile(ctx context.Context, n *newHeader, file *snapshotFile, destName string) (err error) {
	target, err := diskfile.Resolve(d.filePath(destName))
	if err != nil {
		return err
	}
	folder := filepath.Dir(target)
	room, err := newBudget(folder, 0) // 0, as blocks may be shared
	if err != nil {
		return err
	}
	if n.rewritten, err = durable.NewReplacement(target); err != nil {
		return classifyError(ctx, folder, n.FileSize, err)
	}
	defer func() {
		if err != nil {
			n.rewritten.Discard()
		}
	}()
	if _, err := n.rewritten.Write(n.encoded); err != nil {
		return classifyError(ctx, folder, n.FileSize, err)
	}
	body := file.size - file.native.HeaderLen
	if _, err := file.Seek(file.native.HeaderLen, io.SeekStart); err != nil {
		return err
	}
	for body > 0 {
		part := min(body, spaceCheckInterval)
		if err := errors.Join(ctx.Err(), room.spend(int(part))); err != nil {
			return classifyError(ctx, folder, n.FileSize, err)
		}
		// Between two files io.CopyN shares blocks, or copies within the kernel.
		if _, err := io.CopyN(n.rewritten.File, file.File, part); err != nil {
			return classifyError(ctx, folder, n.FileSize, err)
		}
		body -= part
	}
	return classifyError(ctx, folder, n.FileSize, n.rewritten.Sync())
}

// writeHeader writes the header to the file of a snapshot, durably. The caller must hold the
// rows' lock.
func (d folder) writeHeader(name string, n *newHeader) error {
	if n == nil {
		return nil
	}
	if n.rewritten != nil {
		os.Remove(d.indexPath(name))
		if err := n.rewritten.Commit(); err != nil {
			return err
		}
		if n.index != nil {
			saveIndex(d.indexPath(name), n.index)
		}
		return nil
	}
	for _, step := range d.writeHeaderSteps(name, n.encoded) {
		if err := step(); err != nil {
			return d.recoverHeader(name, n, err)
		}
	}
	return nil
}

// recoverHeader cleans up after a failed overwrite, which may have torn the header. If the
// file has the new header nevertheless, it returns a *durable.NotDurable.
func (d folder) recoverHeader(name string, n *newHeader, err error) error {
	if errors.Is(err, durable.ErrNotDurable) {
		return err
	}
	if more := d.finishHeader(name); more != nil {
		return errors.Join(err, more) // the next change tries again
	}
	file, _, openErr := d.open(name)
	if openErr != nil {
		return err
	}
	defer file.Close()
	if file.native != nil && file.native.Header == n.Header {
		return durable.MarkNotDurable(err)
	}
	return err
}

// writeHeaderSteps returns the steps of overwriting a header. During and after each of them,
// openHeader finds the old or the new header.
func (d folder) writeHeaderSteps(name string, head []byte) []func() error {
	beside := d.headerPath(name)
	return []func() error{
		func() error {
			err := durable.Replace(beside, func(w io.Writer) error {
				_, err := w.Write(head)
				return err
			})
			if errors.Is(err, durable.ErrNotDurable) {
				os.Remove(beside)
			}
			return durable.UnmarkNotDurable(err)
		},
		func() error { return overwriteStart(d.filePath(name), head) },
		func() error {
			if os.Remove(beside) == nil {
				_ = durable.SyncDir(d.dir)
			}
			return nil // harmless if it stays, as it equals the file's header
		},
	}
}

// overwriteStart overwrites the first bytes of a file durably. If the error is a
// *durable.NotDurable, they have been overwritten nevertheless.
func overwriteStart(path string, head []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := f.WriteAt(head, 0); err != nil {
		return err
	}
	return durable.MarkNotDurable(durable.SyncFile(f))
}

// correctHeaderName changes the name in the header to that of the file, after a rename.
func (d folder) correctHeaderName(name string) error {
	n, err := d.prepareHeader(context.Background(), name, name, func(e *gzfile.EditableFields) { e.Name = name })
	if errors.Is(err, ErrDamaged) || errors.Is(err, ErrNewer) {
		return nil // the name in the header may differ
	}
	if err != nil {
		return err
	}
	defer n.discard()
	return d.writeHeader(name, n)
}

// finishHeaders completes interrupted changes of headers. The caller must hold the rows'
// lock.
func (d folder) finishHeaders() error {
	entries, err := os.ReadDir(d.dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, e := range entries {
		name, ok := strings.CutSuffix(e.Name(), HeaderSuffix)
		if !ok || strings.HasPrefix(name, ".") || !e.Type().IsRegular() {
			continue
		}
		if err := d.finishHeader(name); err != nil {
			return err
		}
	}
	return nil
}

func (d folder) finishHeader(name string) error {
	head, err := d.pendingHeader(name)
	if err != nil {
		return nil //nolint:nilerr // it cannot be read now, so nothing changes
	}
	steps := d.writeHeaderSteps(name, head)[1:]
	if head == nil {
		steps = steps[1:]
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// pendingHeader returns the header beside a file whose own header is torn. It returns nil
// if the file is intact or missing, or if the header beside it belongs to another file.
func (d folder) pendingHeader(name string) ([]byte, error) {
	f, size, err := diskfile.OpenRegular(d.filePath(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	_, err = gzfile.Open(f, size)
	if err == nil || !isContentError(err) {
		return nil, err
	}
	head := d.readNextHeader(name)
	next, err := gzfile.Open(fileWithHeader{head, f}, size)
	switch {
	case err == nil && int(next.HeaderLen) == len(head):
		return head, nil
	case err == nil || isContentError(err):
		return nil, nil
	}
	return nil, err
}

// isContentError reports whether an error is about a file's contents, not about reading it.
func isContentError(err error) bool {
	return errors.Is(err, ErrDamaged) || errors.Is(err, gzfile.ErrForeign) || errors.Is(err, ErrNewer)
}

// readNextHeader reads the next header beside a file. It returns nil if it cannot.
func (d folder) readNextHeader(name string) []byte {
	f, _, err := diskfile.OpenRegular(d.headerPath(name))
	if err != nil {
		return nil
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, 1<<16)) // longer than any header
	if err != nil {
		return nil
	}
	return b
}

// openHeader opens one of our snapshot files. If its header is torn, by a crash or because it
// is being written, openHeader uses the one beside the file.
func (d folder) openHeader(name string, f *os.File, size int64) (*gzfile.File, error) {
	file, err := gzfile.Open(f, size)
	if err == nil || errors.Is(err, ErrNewer) {
		return file, err
	}
	if head := d.readNextHeader(name); head != nil {
		next, err := gzfile.Open(fileWithHeader{head, f}, size)
		if err == nil && int(next.HeaderLen) == len(head) {
			return next, nil
		}
	}
	return gzfile.Open(f, size) // the change may have completed in the meantime
}

// fileWithHeader is a snapshot file with another header of the same length.
type fileWithHeader struct {
	head []byte
	io.ReaderAt
}

func (r fileWithHeader) ReadAt(p []byte, off int64) (int, error) {
	n := 0
	if off < int64(len(r.head)) {
		n = copy(p, r.head[off:])
	}
	if n == len(p) {
		return n, nil
	}
	m, err := r.ReaderAt.ReadAt(p[n:], off+int64(n))
	return n + m, err
}

package snapshot

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"vmterminal/app/ondisk"
	"vmterminal/snapshot/diskfile"
	"vmterminal/snapshot/gzfile"
)

// A snapshot file carries its own name, description and pin, so changing them
// changes the file. Its header is overwritten in place: a new file would cost as
// much time and space as the snapshot where the file system cannot share blocks.
// But overwriting is not atomic: a power cut may tear it, and a header that
// fails its checksum makes the file unreadable. So the new header is made
// durable beside the file first (ondisk.HeaderFile), and goes once the file is
// durable. Whoever meets a torn header takes that one: readers in openHeader,
// without a lock, even while the header is being written; the next change of
// rows, under their lock, puts it in its place. A file whose header is whole is
// left as it is: what was seen after the crash goes on being so. Only a header
// that has become too long for its place makes a new file.
//
// The rest of the file never changes in place, so who is restoring from it, and
// has read the header, is not disturbed.

// A newHeader is ready to be put before the body of a snapshot file.
type newHeader struct {
	gzfile.Header
	head []byte
	// For a header that has become longer: the whole file and its index.
	whole *ondisk.Replacement
	index *gzfile.Index
}

// discard is for what was not put.
func (n *newHeader) discard() {
	if n != nil && n.whole != nil {
		n.whole.Discard()
	}
}

// reheaded prepares a header with other texts for the snapshot called name, to
// be put before the one called place; they differ in a rename. It is nil for a
// foreign file, and for one that has these texts already. The caller holds the
// job lock or the rows' lock.
func (s *Store) reheaded(ctx context.Context, name, place string, edit func(*gzfile.Header)) (*newHeader, error) {
	file, _, err := s.open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	if file.ours == nil {
		return nil, nil
	}
	want := file.ours.Header
	edit(&want)
	if want == file.ours.Header {
		return nil, nil
	}
	n := &newHeader{}
	n.Header, n.head, err = file.ours.Rehead(want.Name, want.Description, want.Pinned)
	if errors.Is(err, gzfile.ErrTooLong) {
		return nil, errors.Join(ErrBadDescription, err)
	}
	longer := n.FileSize - file.ours.Header.FileSize
	if err != nil || longer == 0 {
		return n, err
	}
	if index := s.readIndex(name, file); index != nil {
		n.index = index.Moved(longer)
	}
	return n, s.rewrite(ctx, n, file, place)
}

// rewrite makes the whole file anew, with the new header.
func (s *Store) rewrite(ctx context.Context, n *newHeader, file *opened, place string) (err error) {
	target, err := diskfile.Resolve(s.file(place))
	if err != nil {
		return err
	}
	folder := filepath.Dir(target)
	room, err := newBudget(folder, 0) // where blocks are shared, none are needed
	if err != nil {
		return err
	}
	if n.whole, err = ondisk.NewReplacement(target); err != nil {
		return tell(ctx, folder, n.FileSize, err)
	}
	defer func() {
		if err != nil {
			n.whole.Discard()
		}
	}()
	if _, err := n.whole.Write(n.head); err != nil {
		return tell(ctx, folder, n.FileSize, err)
	}
	body := file.size - file.ours.HeaderLen()
	if _, err := file.Seek(file.ours.HeaderLen(), io.SeekStart); err != nil {
		return err
	}
	for body > 0 {
		part := min(body, lookEvery)
		if err := errors.Join(ctx.Err(), room.take(int(part))); err != nil {
			return tell(ctx, folder, n.FileSize, err)
		}
		// Between files this shares blocks, or copies within the kernel.
		if _, err := io.CopyN(n.whole.File, file.File, part); err != nil {
			return tell(ctx, folder, n.FileSize, err)
		}
		body -= part
	}
	return tell(ctx, folder, n.FileSize, n.whole.Sync())
}

// put puts the header before the body of the snapshot of that name, durably.
// The caller holds the rows' lock.
func (s *Store) put(name string, n *newHeader) error {
	if n == nil {
		return nil
	}
	if n.whole != nil {
		os.Remove(s.index(name))
		if err := n.whole.Commit(); err != nil {
			return err
		}
		if n.index != nil {
			s.keepIndex(name, n.index)
		}
		return nil
	}
	for _, step := range s.putSteps(name, n.head) {
		if err := step(); err != nil {
			return s.giveUp(name, n, err)
		}
	}
	return nil
}

// giveUp ends a change of a header that has failed, and tells whether the file has
// the new one all the same: an overwriting that has failed may have torn it.
func (s *Store) giveUp(name string, n *newHeader, err error) error {
	if errors.Is(err, ondisk.ErrNotDurable) {
		return err
	}
	if more := s.finishHeader(name); more != nil {
		return errors.Join(err, more) // the next change tries again
	}
	file, _, openErr := s.open(name)
	if openErr != nil {
		return err
	}
	defer file.Close()
	if file.ours != nil && file.ours.Header == n.Header {
		return ondisk.Done(err)
	}
	return err
}

// putSteps are the steps of overwriting a header. After any of them, and within
// them, the file has its old header or its new one for all who open it.
func (s *Store) putSteps(name string, head []byte) []func() error {
	beside := s.header(name)
	return []func() error{
		func() error {
			err := ondisk.Replace(beside, func(w io.Writer) error {
				_, err := w.Write(head)
				return err
			})
			if errors.Is(err, ondisk.ErrNotDurable) {
				os.Remove(beside)
			}
			return ondisk.NotDone(err)
		},
		func() error { return overwrite(s.file(name), head) },
		func() error {
			if os.Remove(beside) == nil {
				_ = ondisk.SyncDir(s.dir.Snapshots())
			}
			return nil // should it stay: it says what the file says
		},
	}
}

// overwrite overwrites the first bytes of a file, durably. After a
// *ondisk.NotDurable they are overwritten.
func overwrite(path string, head []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := f.WriteAt(head, 0); err != nil {
		return err
	}
	return ondisk.Done(ondisk.SyncFile(f))
}

// nameHeader gives the header the name of its file, after a rename.
func (s *Store) nameHeader(name string) error {
	n, err := s.reheaded(context.Background(), name, name, func(h *gzfile.Header) { h.Name = name })
	if errors.Is(err, ErrDamaged) || errors.Is(err, ErrNewer) {
		return nil // it can bear another name without saying so
	}
	if err != nil {
		return err
	}
	defer n.discard()
	return s.put(name, n)
}

// finishHeaders ends changes of headers that were cut off. The caller holds the
// rows' lock.
func (s *Store) finishHeaders() error {
	entries, err := os.ReadDir(s.dir.Snapshots())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, e := range entries {
		name, ok := strings.CutSuffix(e.Name(), ondisk.HeaderSuffix)
		if !ok || strings.HasPrefix(name, ".") || !e.Type().IsRegular() {
			continue
		}
		if err := s.finishHeader(name); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) finishHeader(name string) error {
	head, err := s.missedHeader(name)
	if err != nil {
		return nil //nolint:nilerr // it cannot be read now: all stays as it is
	}
	steps := s.putSteps(name, head)[1:]
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

// missedHeader returns what lies beside the file of that name and makes its torn
// header whole. It is nil if the file is whole, or gone, or another's.
func (s *Store) missedHeader(name string) ([]byte, error) {
	f, size, err := diskfile.OpenRegular(s.file(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	_, err = gzfile.Open(f, size)
	if err == nil || !isNoHeader(err) {
		return nil, err
	}
	head := s.readHeader(name)
	next, err := gzfile.Open(reheadedFile{head, f}, size)
	switch {
	case err == nil && int(next.HeaderLen()) == len(head):
		return head, nil
	case err == nil || isNoHeader(err):
		return nil, nil
	}
	return nil, err
}

// isNoHeader tells what was found in a file from an error of reading it.
func isNoHeader(err error) bool {
	return errors.Is(err, ErrDamaged) || errors.Is(err, gzfile.ErrForeign) || errors.Is(err, ErrNewer)
}

// readHeader reads what lies beside a file as its next header.
func (s *Store) readHeader(name string) []byte {
	f, _, err := diskfile.OpenRegular(s.header(name))
	if err != nil {
		return nil
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, 1<<16)) // no header is as long
	if err != nil {
		return nil
	}
	return b
}

// openHeader opens a snapshot file of ours. A header that is torn, by a crash or
// because it is just being written, is taken from beside the file.
func (s *Store) openHeader(name string, f *os.File, size int64) (*gzfile.File, error) {
	file, err := gzfile.Open(f, size)
	if err == nil || errors.Is(err, ErrNewer) {
		return file, err
	}
	if head := s.readHeader(name); head != nil {
		next, err := gzfile.Open(reheadedFile{head, f}, size)
		if err == nil && int(next.HeaderLen()) == len(head) {
			return next, nil
		}
	}
	return gzfile.Open(f, size) // the change may just have come to its end
}

// A reheadedFile is a snapshot file as it will be with its new header.
type reheadedFile struct {
	head []byte
	io.ReaderAt
}

func (r reheadedFile) ReadAt(p []byte, off int64) (int, error) {
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

func (s *Store) header(name string) string { return ondisk.HeaderFile(s.dir.Snapshots(), name) }

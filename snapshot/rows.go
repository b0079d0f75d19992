package snapshot

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"time"

	"vmterminal/app/ondisk"
	"vmterminal/snapshot/diskfile"
)

// rowsVersion is the version of the rows' file that this program writes.
const rowsVersion = 1

// maxRows is the longest file of rows that is read, in bytes.
const maxRows = 64 << 20

// rows is the file of rows.
type rows struct {
	Version   int   `json:"version"`
	Snapshots []row `json:"snapshots"`
}

// row is what is kept of a snapshot beside its file, so that a file that is
// gone can still be named.
type row struct {
	Name        string    `json:"name"`
	ID          string    `json:"id"`
	Description string    `json:"description,omitempty"`
	VM          string    `json:"vm,omitempty"`
	Created     time.Time `json:"created"`
	Taken       Taken     `json:"taken,omitempty"`
	HeldMicros  int64     `json:"held_us,omitempty"`
	DiskSize    int64     `json:"disk_size"`
	Data        int64     `json:"data"`
	FileSize    int64     `json:"file_size"`
	Digest      string    `json:"digest"`
	Pinned      bool      `json:"pinned,omitempty"`
	Automatic   string    `json:"automatic,omitempty"` // the name it was given by a schedule
	// Foreign rows hold what their file cannot say of itself.
	Foreign bool `json:"foreign,omitempty"`
	// Imported says that the snapshot was not taken here.
	Imported bool `json:"imported,omitempty"`
	// VerifiedAt is when all of the file was last found good; Damage is what was
	// found since then.
	VerifiedAt time.Time `json:"verified,omitzero"`
	Damage     string    `json:"damage,omitempty"`
	// Renaming is the name that the file is about to get, or has got already.
	Renaming string `json:"renaming,omitempty"`
	// Deleting says that the file is about to go, or has gone already.
	Deleting bool `json:"deleting,omitempty"`
}

func asRow(i Info) row {
	given := ""
	if i.Automatic {
		given = i.Name
	}
	return row{
		Name: i.Name, ID: i.ID, Description: i.Description, VM: i.VM, Created: i.Created,
		Taken: i.Taken, HeldMicros: i.Held.Microseconds(),
		DiskSize: i.DiskSize, Data: i.Data, FileSize: i.FileSize, Digest: i.Digest,
		Pinned: i.Pinned, Automatic: given, Foreign: i.Foreign, Imported: i.State == StateImported, VerifiedAt: i.VerifiedAt,
	}
}

func (r row) info() Info {
	return Info{
		ID: plain(r.ID), Name: plain(r.Name), Description: plain(r.Description), VM: plain(r.VM), Created: r.Created.UTC(),
		DiskSize: r.DiskSize, Data: r.Data, FileSize: r.FileSize, Digest: plain(r.Digest),
		Taken: Taken(plain(string(r.Taken))), Held: time.Duration(r.HeldMicros) * time.Microsecond,
		Pinned: r.Pinned, Automatic: isGiven(r.Automatic, r.Name), Foreign: r.Foreign, VerifiedAt: r.VerifiedAt.UTC(),
	}
}

// isOf tells whether the row is of the file that i describes, and not of one
// that was in its place before.
func (r row) isOf(i Info) bool {
	return r.Name == i.Name && r.ID == i.ID && r.Foreign == i.Foreign && (!r.Foreign || r.FileSize == i.FileSize)
}

// with adds what the row says to what the file says.
func (r row) with(i Info) Info {
	switch {
	case i.State == StateDamaged || i.State == StateNewer:
		was := i
		i = r.info()
		i.Name, i.State, i.Problem, i.FileSize, i.Frees = was.Name, was.State, was.Problem, was.FileSize, was.Frees
		return i
	case !r.isOf(i):
		return i
	}
	i.VerifiedAt = r.VerifiedAt.UTC()
	if r.Foreign {
		i.Description, i.Pinned = plain(r.Description), r.Pinned
		i.DiskSize, i.Data, i.Digest = r.DiskSize, r.Data, plain(r.Digest)
	}
	if !r.Imported {
		i.State = StateOK
	}
	if r.Damage != "" {
		i.State, i.Problem = StateDamaged, plain(r.Damage)
	}
	return i
}

// find returns the place of the row of that name, or -1.
func (r *rows) find(name string) int {
	for i := range r.Snapshots {
		if ondisk.SameName(r.Snapshots[i].Name, name) {
			return i
		}
	}
	return -1
}

// put adds a row in the place of one of the same name.
func (r *rows) put(n row) {
	if i := r.find(n.Name); i >= 0 {
		r.Snapshots[i] = n
		return
	}
	r.Snapshots = append(r.Snapshots, n)
}

// note changes the row of the snapshot that i describes; one that has none, or
// another's, gets one.
func (r *rows) note(i Info, change func(*row)) {
	at := r.find(i.Name)
	if at < 0 || !r.Snapshots[at].isOf(i) {
		r.put(asRow(i))
		at = r.find(i.Name)
	}
	change(&r.Snapshots[at])
}

// settle ends, in the rows, what an operation that did not come to its end has
// done to the files: those that were renamed have their new names, those that
// were deleted have no row, and the others are as if nothing had been about to
// happen. It returns the new names, and whether anything changed.
func (r *rows) settle(files []string) (names []string, changed bool) {
	r.Snapshots = slices.DeleteFunc(r.Snapshots, func(n row) bool {
		gone := n.Deleting && !slices.Contains(files, n.Name)
		changed = changed || gone
		return gone
	})
	for at := range r.Snapshots {
		n := &r.Snapshots[at]
		if n.Renaming == "" && !n.Deleting {
			continue
		}
		if slices.Contains(files, n.Renaming) && !slices.Contains(files, n.Name) {
			n.Name = n.Renaming
			names = append(names, n.Name)
		}
		n.Renaming, n.Deleting, changed = "", false, true
	}
	return names, changed
}

func (r *rows) drop(name string) bool {
	i := r.find(name)
	if i < 0 {
		return false
	}
	r.Snapshots = append(r.Snapshots[:i], r.Snapshots[i+1:]...)
	return true
}

// errBadRows says that the file is not rows at all.
var errBadRows = errors.New("it is not a list of snapshots")

// readRows reads the rows; none if there is no file. The error is ErrNewer,
// errBadRows, or of reading.
func readRows(path string) (*rows, error) {
	r := &rows{Version: rowsVersion}
	f, size, err := diskfile.OpenRegular(path)
	if errors.Is(err, fs.ErrNotExist) {
		return r, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if size > maxRows {
		return nil, fmt.Errorf("%s: %w", path, errBadRows)
	}
	data, err := io.ReadAll(io.LimitReader(f, maxRows))
	if err != nil {
		return nil, err
	}
	// The version first: what else a newer version writes is not known.
	var v struct{ Version int }
	if err := json.Unmarshal(data, &v); err != nil || v.Version < 1 {
		return nil, fmt.Errorf("%s: %w", path, errBadRows)
	}
	if v.Version > rowsVersion {
		return nil, fmt.Errorf("%s: %w (version %d)", path, ErrNewer, v.Version)
	}
	if err := json.Unmarshal(data, r); err != nil {
		return nil, fmt.Errorf("%s: %w", path, errBadRows)
	}
	return r, nil
}

// changeRows reads the rows and, if change says that it changed them, writes
// them back, under their lock, after finishing what a crash has left half done.
// Rows that cannot be read are put aside and made
// anew from the files; the notes say so.
func (s *Store) changeRows(change func(*rows) (changed bool, err error)) (notes []string, err error) {
	lock, err := ondisk.WaitLock(s.dir.RowsLock())
	if err != nil {
		return nil, err
	}
	defer func() { _ = lock.Close() }()
	if err := ondisk.SweepTempsOf(s.dir.Rows()); err != nil {
		return nil, err
	}
	r, err := readRows(s.dir.Rows())
	anew := errors.Is(err, errBadRows)
	if anew {
		aside, asideErr := ondisk.PutAside(s.dir.Rows())
		if asideErr != nil {
			return nil, fmt.Errorf("%w; keeping it aside: %w", err, asideErr)
		}
		notes = append(notes, fmt.Sprintf("%s could not be read; it was kept as %s and made anew from the snapshots' files", s.dir.Rows(), aside))
		r, err = s.rowsFromFiles()
	}
	if err != nil {
		return notes, err
	}
	settled, err := s.settle(r)
	if err != nil && !diskfile.IsNoSpace(err) { // room must be made before it can go on
		return notes, err
	}
	changed, err := change(r)
	if err != nil || !changed && !anew && !settled {
		return notes, err
	}
	return notes, ondisk.ReplaceJSON(s.dir.Rows(), r)
}

// settle ends changes of headers and files that a crash has cut off.
func (s *Store) settle(r *rows) (changed bool, err error) {
	if err := s.finishHeaders(); err != nil {
		return false, err
	}
	files, err := s.files()
	if err != nil {
		return false, err
	}
	names, changed := r.settle(files.names)
	for _, name := range names {
		if err := s.nameHeader(name); err != nil {
			return false, err
		}
	}
	return changed, nil
}

// rowsFromFiles makes rows of the files that have a header of ours.
func (s *Store) rowsFromFiles() (*rows, error) {
	r := &rows{Version: rowsVersion}
	files, err := s.files()
	if err != nil {
		return nil, err
	}
	for _, name := range files.names {
		if i := s.inspect(name); i.State == StateImported && !i.Foreign {
			i.State = StateOK // where it was taken is not known any more
			r.put(asRow(i))
		}
	}
	return r, nil
}

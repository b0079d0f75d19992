package snapshot

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
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
}

func asRow(i Info) row {
	return row{
		Name: i.Name, ID: i.ID, Description: i.Description, VM: i.VM, Created: i.Created,
		Taken: i.Taken, HeldMicros: i.Held.Microseconds(),
		DiskSize: i.DiskSize, Data: i.Data, FileSize: i.FileSize, Digest: i.Digest,
	}
}

func (r row) info() Info {
	return Info{
		ID: plain(r.ID), Name: plain(r.Name), Description: plain(r.Description), VM: plain(r.VM), Created: r.Created.UTC(),
		DiskSize: r.DiskSize, Data: r.Data, FileSize: r.FileSize, Digest: plain(r.Digest),
		Taken: Taken(plain(string(r.Taken))), Held: time.Duration(r.HeldMicros) * time.Microsecond,
	}
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
// them back, under their lock. Rows that cannot be read are put aside and made
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
	changed, err := change(r)
	if err != nil || !changed && !anew {
		return notes, err
	}
	return notes, ondisk.ReplaceJSON(s.dir.Rows(), r)
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
			r.put(asRow(i))
		}
	}
	return r, nil
}

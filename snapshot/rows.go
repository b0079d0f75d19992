package snapshot

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"time"

	"vmterminal/snapshot/diskfile"
	"vmterminal/snapshot/durable"
)

// rowsVersion is the version of the rows' file that this program writes.
const rowsVersion = 1

// maxRows is the maximum size of the rows' file, in bytes.
const maxRows = 64 << 20

// rows is the file of rows.
type rows struct {
	Version   int   `json:"version"`
	Snapshots []row `json:"snapshots"`

	read  []byte // contents of the file that they were read from
	newer error  // if set, the ErrNewer that prevented reading them
}

// MarshalJSON keeps members that this version does not know.
func (r rows) MarshalJSON() ([]byte, error) {
	type plain rows
	return durable.MarshalKeepingUnknown(plain(r), r.read)
}

// rowStore gives access to the snapshot files and the file of their rows.
type rowStore struct {
	folder
	path, lock string // of the rows, and of the lock for changing rows and names of files
}

// row is the list's entry for a snapshot. It copies most of the header, so that a missing
// file can be described.
type row struct {
	Name         string    `json:"name"`
	ID           string    `json:"id"`
	Description  string    `json:"description,omitempty"`
	Purpose      Purpose   `json:"purpose,omitzero"`
	VM           string    `json:"vm,omitempty"`
	Created      time.Time `json:"created"`
	Taken        Taken     `json:"taken,omitempty"`
	FrozenMicros int64     `json:"held_us,omitempty"`
	DiskSize     int64     `json:"disk_size"`
	Data         int64     `json:"data"`
	FileSize     int64     `json:"file_size"`
	Digest       string    `json:"digest"`
	Pinned       bool      `json:"pinned,omitempty"`
	Automatic    string    `json:"automatic,omitempty"` // the name given by a schedule
	// Foreign files have no header, so the row is the only place for their metadata.
	Foreign bool `json:"foreign,omitempty"`
	// Imported means that the snapshot was not created here.
	Imported bool `json:"imported,omitempty"`
	// VerifiedAt is when the whole file was last found good. Damage describes damage found
	// since then.
	VerifiedAt time.Time   `json:"verified,omitzero"`
	Damage     foundDamage `json:"damage,omitzero"`
	// BootedAt is when a guest was last started from the snapshot to verify it.
	BootedAt time.Time `json:"booted,omitzero"`
	// Renaming is the new name during a rename of the file.
	Renaming string `json:"renaming,omitempty"`
	// Deleting is set while the file is being removed.
	Deleting bool `json:"deleting,omitempty"`

	// read is the row as it was read, or nil for a new row.
	read *readRow
}

// readRow is a row as it was read.
type readRow struct {
	row row
	raw json.RawMessage
	err *durable.JSONError // for a member that cannot be decoded, or nil
}

// MarshalJSON writes an unchanged row as it was read. In a changed row it keeps the members
// that this version does not know.
func (r row) MarshalJSON() ([]byte, error) {
	read := r.read
	r.read = nil
	type plain row
	switch {
	case read == nil:
		return json.Marshal(plain(r))
	case read.row == r:
		return read.raw, nil
	default:
		return durable.MarshalKeepingUnknown(plain(r), read.raw)
	}
}

// foundDamage is damage that Verify found in a snapshot file; see [Damage].
type foundDamage struct {
	At     time.Time `json:"at"`
	Chunk  int64     `json:"chunk"`
	Reason string    `json:"reason"`

	text string // the sentence that an earlier version stored instead
}

func newFoundDamage(err error) foundDamage {
	damage := &Damage{Chunk: -1, Reason: err.Error()}
	errors.As(err, &damage)
	return foundDamage{At: currentRowTime(), Chunk: damage.Chunk, Reason: damage.Reason}
}

// err returns the damage as an error that wraps ErrDamaged.
func (d foundDamage) err() error {
	if d.text != "" {
		return earlierDamage(d.text)
	}
	return &Damage{Chunk: d.Chunk, Reason: d.Reason}
}

// MarshalJSON keeps the sentence of an earlier version.
func (d foundDamage) MarshalJSON() ([]byte, error) {
	if d.text != "" {
		return json.Marshal(d.text)
	}
	type plain foundDamage
	return json.Marshal(plain(d))
}

// UnmarshalJSON also reads the sentence of an earlier version.
func (d *foundDamage) UnmarshalJSON(data []byte) error {
	if bytes.HasPrefix(data, []byte{'"'}) {
		return json.Unmarshal(data, &d.text)
	}
	type plain foundDamage
	return json.Unmarshal(data, (*plain)(d))
}

// earlierDamage is the description of damage by an earlier version.
type earlierDamage string

func (e earlierDamage) Error() string { return string(e) }

func (e earlierDamage) Unwrap() error { return ErrDamaged }

func rowFromInfo(i Info) row {
	scheduledName := ""
	if i.Automatic {
		scheduledName = i.Name
	}
	return row{
		Name: i.Name, ID: i.ID, Description: i.Description, Purpose: i.Purpose, VM: i.VM, Created: i.Created,
		Taken: i.Taken, FrozenMicros: i.FrozenFor.Microseconds(),
		DiskSize: i.DiskSize, Data: i.Data, FileSize: i.FileSize, Digest: i.Digest,
		Pinned: i.Pinned, Automatic: scheduledName, Foreign: i.Foreign, Imported: i.State == StateImported, VerifiedAt: i.VerifiedAt, BootedAt: i.BootedAt,
	}
}

func (r row) info() Info {
	return Info{
		ID: sanitizeText(r.ID), Name: sanitizeText(r.Name), Description: sanitizeText(r.Description), Purpose: sanitizePurpose(r.Purpose), VM: sanitizeText(r.VM), Created: r.Created.UTC(),
		DiskSize: r.DiskSize, Data: r.Data, FileSize: r.FileSize, Digest: sanitizeText(r.Digest),
		Taken: Taken(sanitizeText(string(r.Taken))), FrozenFor: time.Duration(r.FrozenMicros) * time.Microsecond,
		Pinned: r.Pinned, Automatic: r.Automatic != "" && r.Automatic == r.Name, Foreign: r.Foreign, VerifiedAt: r.VerifiedAt.UTC(), BootedAt: r.BootedAt.UTC(),
	}
}

// matches reports whether the row describes the same file as i, and not an earlier file
// with the same name.
func (r row) matches(i Info) bool {
	return r.Name == i.Name && r.ID == i.ID && r.Foreign == i.Foreign && (!r.Foreign || r.FileSize == i.FileSize)
}

// merge adds the information in the row to i, which describes the file.
func (r row) merge(i Info) Info {
	switch {
	case i.State == StateDamaged || i.State == StateNewer:
		was := i
		i = r.info()
		i.Name, i.State, i.Problem, i.FileSize, i.Frees = was.Name, was.State, was.Problem, was.FileSize, was.Frees
		return i
	case !r.matches(i):
		return i
	}
	i.VerifiedAt, i.BootedAt = r.VerifiedAt.UTC(), r.BootedAt.UTC()
	if r.Foreign {
		i.Description, i.Pinned = sanitizeText(r.Description), r.Pinned
		i.DiskSize, i.Data, i.Digest = r.DiskSize, r.Data, sanitizeText(r.Digest)
	}
	if !r.Imported {
		i.State = StateOK
	}
	if r.Damage != (foundDamage{}) {
		i.State, i.Problem, i.DamageFoundAt = StateDamaged, r.Damage.err(), r.Damage.At
	}
	return i
}

// find returns the index of the row with that name, or -1.
func (r *rows) find(name string) int {
	for i := range r.Snapshots {
		if durable.SameName(r.Snapshots[i].Name, name) {
			return i
		}
	}
	return -1
}

// put adds a row, or replaces the one with the same name.
func (r *rows) put(n row) {
	if i := r.find(n.Name); i >= 0 {
		r.Snapshots[i] = n
		return
	}
	r.Snapshots = append(r.Snapshots, n)
}

// update changes the row of the snapshot described by i, and creates it if needed.
func (r *rows) update(i Info, change func(*row)) {
	at := r.find(i.Name)
	if at < 0 || !r.Snapshots[at].matches(i) {
		r.put(rowFromInfo(i))
		at = r.find(i.Name)
	}
	change(&r.Snapshots[at])
}

// applyInterrupted applies interrupted operations to the rows: renamed files get their new names,
// deleted files lose their rows, and the marks of all others are cleared. It returns the new
// names, and whether anything changed.
func (r *rows) applyInterrupted(files []string) (names []string, changed bool) {
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

// remove removes the row with that name, and reports whether there was one.
func (r *rows) remove(name string) bool {
	i := r.find(name)
	if i < 0 {
		return false
	}
	r.Snapshots = append(r.Snapshots[:i], r.Snapshots[i+1:]...)
	return true
}

// errBadRows means that the file cannot be decoded.
var errBadRows = errors.New("it is not a list of snapshots")

// readRows reads the rows. If the file is missing, there are no rows. The error, if any,
// wraps ErrNewer or errBadRows, or is from reading. With errBadRows it also returns the
// rows before the error.
func readRows(path string) (*rows, error) {
	r := &rows{Version: rowsVersion}
	f, size, err := diskfile.OpenRegular(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err := durable.CheckLink(path); err != nil {
			return r, fmt.Errorf("%w: %w", errBadRows, err)
		}
		return r, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if size > maxRows {
		return r, fmt.Errorf("%s: %w", path, errBadRows)
	}
	data, err := io.ReadAll(io.LimitReader(f, maxRows))
	if err != nil {
		return nil, err
	}
	version, parsed, err := durable.ParseJSONRows[row](path, data, "snapshots")
	if version > rowsVersion {
		return nil, fmt.Errorf("%s: %w (version %d)", path, ErrNewer, version)
	}
	r.read = durable.TrimBOM(data)
	for _, p := range parsed {
		n := p.Value
		n.read = &readRow{p.Value, p.Raw, p.Err}
		r.Snapshots = append(r.Snapshots, n)
	}
	if err != nil {
		err = fmt.Errorf("%w: %w", errBadRows, err)
	}
	return r, err
}

// notes describes the values that could not be decoded.
func (r *rows) notes() (notes []string) {
	for _, n := range r.Snapshots {
		if n.read != nil && n.read.err != nil {
			notes = append(notes, n.read.err.Error()+"; the other values of this snapshot are used")
		}
	}
	return notes
}

// changeRows locks and reads the rows, finishes interrupted changes, calls change, and writes
// the rows if change reports that it changed them. Rows that cannot be decoded are set aside
// and rebuilt.
func (s *rowStore) changeRows(change func(*rows) (changed bool, err error)) error {
	lock, err := durable.BriefLock(s.lock)
	if err != nil {
		return err
	}
	defer func() { _ = lock.Close() }()
	if err := durable.SweepTempsOf(s.path); err != nil {
		return err
	}
	r, err := readRows(s.path)
	rebuilt := errors.Is(err, errBadRows)
	if rebuilt {
		if _, asideErr := durable.MoveAside(s.path); asideErr != nil {
			return fmt.Errorf("%w; setting it aside: %w", err, asideErr)
		}
		err = s.addFromFiles(r)
	}
	if err != nil {
		return err
	}
	settled, err := s.finishInterrupted(r)
	if err != nil && !diskfile.IsNoSpace(err) { // on a full disk, deleting must still work
		return err
	}
	changed, err := change(r)
	if err != nil || !changed && !rebuilt && !settled {
		return err
	}
	return durable.ReplaceJSON(s.path, r)
}

// finishInterrupted finishes interrupted changes of headers and files.
func (s *rowStore) finishInterrupted(r *rows) (changed bool, err error) {
	if err := s.finishHeaders(); err != nil {
		return false, err
	}
	files, err := s.listFiles()
	if err != nil {
		return false, err
	}
	names, changed := r.applyInterrupted(files.names)
	for _, name := range names {
		if err := s.correctHeaderName(name); err != nil {
			return false, err
		}
	}
	return changed, nil
}

// addFromFiles adds rows for our files that have none.
func (s *rowStore) addFromFiles(r *rows) error {
	files, err := s.listFiles()
	if err != nil {
		return err
	}
	for _, name := range files.names {
		if r.find(name) >= 0 {
			continue
		}
		if i := s.inspect(name); i.State == StateImported && !i.Foreign {
			i.State = StateOK // whether it was created here is no longer known
			r.put(rowFromInfo(i))
		}
	}
	return nil
}

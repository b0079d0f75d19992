// Package lazydisk describes lazy disks: disk files whose contents are still being filled in
// from a source, such as a snapshot, while the guest already uses the disk.
//
// A lazy disk ends with a trailer of [TrailerSize] bytes after the disk itself. The trailer
// names the folder with the rest of the disk:
//
//	filling/<ID>/
//	├── source         the snapshot or image, a second name of that file
//	├── source.idx     the index of a snapshot, a cache
//	└── overlay.qcow2  what the guest has written
//
// As long as the trailer is there, the disk is the overlay on top of the source, and the
// contents of the file do not matter. [Complete] removes the trailer, which is one atomic
// step: from then on the file is the whole disk. Because the trailer is part of the file, it
// stays with the disk when the file is renamed, exchanged or copied.
package lazydisk

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"vmterminal/snapshot/durable"
	"vmterminal/snapshot/durable/guard"
)

// TrailerSize is the size of the trailer in bytes.
const TrailerSize = 4096

// The trailer is the magic string, the length of the JSON text, the CRC-32C of the JSON text,
// both little-endian, the JSON text of the Marker and zeros.
const (
	magic      = "VMTERMINAL LAZY DISK\x00\x00\x00\x00"
	headerSize = len(magic) + 8
	version    = 1
)

var (
	// ErrLazy means that a disk cannot be read as a file because it is lazy.
	ErrLazy = errors.New("the disk is still being filled in")
	// ErrDamaged means that the trailer of a disk is damaged, or that its folder lacks a file.
	ErrDamaged = errors.New("the disk was still being filled in, and what it needs for that is damaged")
	// ErrCannotLink means that a file cannot be the source of a lazy disk, because its file
	// system has no hard links or is not that of the disk.
	ErrCannotLink = errors.New("the file cannot have a second name beside the disk")
	// ErrNewer means that the disk was made lazy by a newer version of this program.
	ErrNewer = errors.New("the disk is being filled in by a newer version of this program")
)

// Kind is the kind of a lazy disk's source.
type Kind string

// The kinds of sources.
const (
	Snapshot Kind = "snapshot" // one of our snapshot files
	QCOW2    Kind = "qcow2"    // an image
	Raw      Kind = "raw"      // an image
)

// Marker is the content of a trailer.
type Marker struct {
	Version int    `json:"version"`
	ID      string `json:"id"`   // random; the name of the folder
	Size    int64  `json:"size"` // of the disk in bytes, a multiple of SizeUnit
	Kind    Kind   `json:"kind"`
	Name    string `json:"name"` // of the snapshot or image, for display
	// SnapshotID and Digest identify a snapshot.
	SnapshotID string `json:"snapshot_id,omitempty"`
	Digest     string `json:"digest,omitempty"`
}

// SizeUnit divides the size of each lazy disk.
const SizeUnit = 512

func (m Marker) encode() ([]byte, error) {
	m.Version = version
	text, err := json.Marshal(m)
	if err != nil {
		return nil, err
	}
	if len(text) > TrailerSize-headerSize {
		return nil, fmt.Errorf("a trailer of %d bytes is too long", len(text))
	}
	b := append(make([]byte, 0, TrailerSize), magic...)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(text)))
	b = binary.LittleEndian.AppendUint32(b, checksum(text))
	b = append(b, text...)
	return b[:TrailerSize], nil
}

func checksum(text []byte) uint32 { return crc32.Checksum(text, crc32.MakeTable(crc32.Castagnoli)) }

// decode returns nil if b is not a trailer. size is the size of the disk before it.
func decode(b []byte, size int64) (*Marker, error) {
	if !strings.HasPrefix(string(b), magic) {
		return nil, nil
	}
	length := binary.LittleEndian.Uint32(b[len(magic):])
	if int64(length) > TrailerSize-int64(headerSize) {
		return nil, fmt.Errorf("%w: its trailer has a wrong length", ErrDamaged)
	}
	text := b[headerSize:][:length]
	if checksum(text) != binary.LittleEndian.Uint32(b[len(magic)+4:]) && guard.On(guard.TrailerDigest) {
		return nil, fmt.Errorf("%w: its trailer does not match its checksum", ErrDamaged)
	}
	var m Marker
	if err := json.Unmarshal(text, &m); err != nil {
		return nil, fmt.Errorf("%w: its trailer: %w", ErrDamaged, err)
	}
	switch {
	case m.Version > version:
		return nil, ErrNewer
	case !isID(m.ID) || m.Size != size || size%SizeUnit != 0:
		return nil, fmt.Errorf("%w: its trailer has wrong values", ErrDamaged)
	}
	return &m, nil
}

// isID reports whether id is the name of a folder and not a path.
func isID(id string) bool {
	return len(id) >= 16 && len(id) <= 64 && !strings.ContainsFunc(id, func(r rune) bool {
		return (r < 'A' || r > 'Z') && (r < '0' || r > '9')
	})
}

// Write makes the empty file f a lazy disk, which has no contents yet. The caller makes it
// durable.
func Write(f *os.File, m Marker) error {
	b, err := m.encode()
	if err == nil {
		_, err = f.WriteAt(b, m.Size)
	}
	return err
}

// ReadFile returns the marker of an open disk, or nil if it is not lazy. The error wraps
// ErrDamaged or ErrNewer, or is the file's.
func ReadFile(f *os.File) (*Marker, error) {
	st, err := f.Stat()
	if err != nil || st.Size() <= TrailerSize {
		return nil, err
	}
	b := make([]byte, TrailerSize)
	if n, err := f.ReadAt(b, st.Size()-TrailerSize); n < len(b) {
		if errors.Is(err, io.EOF) {
			return nil, nil // completed in the meantime
		}
		return nil, err
	}
	return decode(b, st.Size()-TrailerSize)
}

// Read is like ReadFile for the disk at path. It returns nil if there is no disk or if path is
// not a regular file.
func Read(path string) (*Marker, error) {
	st, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !st.Mode().IsRegular() {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // read-only
	return ReadFile(f)
}

// Size returns the size of the disk at path in bytes, without a trailer.
func Size(path string) (int64, error) {
	st, err := os.Stat(path)
	if err != nil {
		return 0, err
	}
	if m, err := Read(path); err == nil && m != nil {
		return m.Size, nil
	}
	return st.Size(), nil
}

// ErrReplaced means that the file at the path of a lazy disk is not that disk.
var ErrReplaced = errors.New("another file has replaced the disk")

// Open opens the lazy disk m at path for reading and writing, and for nothing but filling it in.
// The error may wrap ErrReplaced.
func Open(path string, m Marker) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	now, err := ReadFile(f)
	if err == nil && (now == nil || now.ID != m.ID) {
		err = fmt.Errorf("%s: %w", path, ErrReplaced)
	}
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}

// Complete makes the lazy disk m at path an ordinary one, durably. The file must have all
// contents, which Complete makes durable first. If the error wraps durable.ErrNotDurable, the disk
// is an ordinary one; after any other error, which may wrap ErrReplaced, it is unchanged.
func Complete(path string, m Marker) error {
	f, err := Open(path, m)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // synced below
	if err := durable.SyncFile(f); err != nil {
		return err
	}
	if err := f.Truncate(m.Size); err != nil {
		return err
	}
	err = durable.SyncFile(f)
	if err == nil {
		return nil
	}
	if errors.Join(Write(f, m), durable.SyncFile(f)) != nil {
		return durable.MarkNotDurable(err)
	}
	return err
}

// A Dir is the folder filling/, as an absolute path.
type Dir string

// Folder returns the folder of a lazy disk.
func (d Dir) Folder(m Marker) Folder { return Folder(filepath.Join(string(d), m.ID)) }

// Sweep removes the folders that belong to none of the disks. Disks that do not exist are
// ignored. If a disk cannot be read, nothing is removed. The caller must hold the lock under
// which lazy disks are created.
func (d Dir) Sweep(disks ...string) error {
	entries, err := os.ReadDir(string(d))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var used []string
	for _, path := range disks {
		m, err := Read(path)
		if err != nil {
			return err
		}
		if m != nil {
			used = append(used, m.ID)
		}
	}
	for _, e := range entries {
		if slices.Contains(used, e.Name()) || !isID(e.Name()) {
			continue
		}
		if err := os.RemoveAll(filepath.Join(string(d), e.Name())); err != nil {
			return err
		}
	}
	_ = os.Remove(string(d)) // unless it is in use
	return nil
}

// Folder is the folder of one lazy disk, as an absolute path.
type Folder string

// Source is the file that the disk is filled from.
func (f Folder) Source() string { return filepath.Join(string(f), "source") }

// Index is the index of Source if that is a snapshot. It is a cache.
func (f Folder) Index() string { return filepath.Join(string(f), "source.idx") }

// Overlay is a qcow2 file with what the guest has written.
func (f Folder) Overlay() string { return filepath.Join(string(f), "overlay.qcow2") }

// Create creates the folder, with source as a second name of the file at that path and the
// overlay that createOverlay creates durably. If an error occurs, nothing remains. The error
// wraps ErrCannotLink if the file cannot have a second name in this folder.
func (f Folder) Create(source string, createOverlay func(path string) error) (err error) {
	defer func() {
		if err != nil {
			f.Remove()
		}
	}()
	if err := durable.MakeDir(string(f)); err != nil {
		return err
	}
	if err := os.Link(source, f.Source()); err != nil {
		return fmt.Errorf("%w: %w", ErrCannotLink, err)
	}
	if err := createOverlay(f.Overlay()); err != nil {
		return err
	}
	return durable.SyncDir(string(f))
}

// Check returns ErrDamaged if the source or the overlay is missing.
func (f Folder) Check() error {
	for _, path := range []string{f.Source(), f.Overlay()} {
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%w: %s is missing", ErrDamaged, path)
		} else if err != nil {
			return err
		}
	}
	return nil
}

// Remove removes the folder of a disk that is no longer lazy. Sweep removes what remains.
func (f Folder) Remove() {
	_ = os.RemoveAll(string(f))
	_ = os.Remove(filepath.Dir(string(f))) // unless another disk is lazy
}

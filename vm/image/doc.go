// Package image makes a VM's disk of an image: a raw or qcow2 file, packed with
// gzip, xz or zstd or not packed.
//
// What a file is, is told by its header, and by our own code: QEMU never guesses a
// format here, since a guess lets the file choose what is read. A qcow2 file that
// leads to other files, or that is encrypted, is refused before any tool of QEMU
// sees it; then qemu-img gets open files, never paths, with all formats stated.
//
// It knows files only: where images come from and where they are kept is told
// by its sub-packages fetch, catalogue and cache.
package image

// Progress is told how far the work is. Its methods are called from many
// goroutines and must not block.
type Progress interface {
	// Phase begins a phase of total bytes; 0 when that is not known.
	Phase(name string, total int64)
	// Add says that n more bytes of the phase are done.
	Add(n int64)
}

// The phases.
const (
	PhaseCheck   = "Checking the image"
	PhaseUnpack  = "Unpacking the image"
	PhaseConvert = "Writing the disk"
	PhaseCopy    = "Copying the image"
)

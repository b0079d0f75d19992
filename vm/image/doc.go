// Package image creates a VM's disk from an image: a raw, qcow2, VMDK, VDI, VHD or VHDX
// file, which may be compressed with gzip, xz or zstd, or an OVA archive.
//
// Our own code detects the format from the file's first bytes. QEMU never does, because a
// hostile file could then make it read other files. Files that refer to other files or are
// encrypted are rejected before a QEMU tool opens them. qemu-img receives open files with
// explicit formats, never paths, and runs without network access, with limited memory and, if
// the kernel supports Landlock, without access to other files.
//
// The package works on files only. Its sub-packages find (catalog), download (fetch) and
// store (cache) images.
package image

// Progress receives progress reports. Its methods are called concurrently and must not
// block.
type Progress interface {
	// Phase reports the start of a phase. code is one of the constants below; total is the
	// phase's length in bytes, or 0 if unknown.
	Phase(code string, total int64)
	// Add reports that n more bytes of the phase are done.
	Add(n int64)
}

// Phases of writing a disk, as passed to [Progress.Phase].
const (
	PhaseCheck   = "check-image"
	PhaseUnpack  = "unpack-image"
	PhaseConvert = "convert-image"
	PhaseCopy    = "copy-image"
)

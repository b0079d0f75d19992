// Package debian makes a bootable disk of Debian from Debian's packages, with
// mmdebstrap, and without root or loop devices.
//
// The disk is one of a computer of its own: a DOS partition table, GRUB in the
// sectors before the one partition, and in that an ext4 root with Debian's kernel.
// Nothing of how it boots lies outside, so that a kernel that is upgraded in the
// guest comes and goes with the disk. What Debian does not bring is in rootfs/,
// and what is done to it in customize.sh; the agent is put in last, so that a disk
// from the cache has today's.
//
// It knows files and the host's tools; of VMs it must know nothing.
package debian

// Progress is told how far the work is. Its methods must not block.
type Progress interface {
	// Phase begins a phase of total bytes; 0 when that is not known.
	Phase(name string, total int64)
	// Add says that n more bytes of the phase are done.
	Add(n int64)
}

// The phases.
const (
	PhaseWait     = "Waiting for another process that builds the same"
	PhaseAsk      = "Asking the mirror"
	PhaseLists    = "Fetching the lists of packages"
	PhaseDownload = "Downloading packages"
	PhaseUnpack   = "Unpacking packages"
	PhaseInstall  = "Installing packages"
	PhaseBoot     = "Setting up"
	PhasePack     = "Gathering the files"
	PhaseDisk     = "Making the disk"
)

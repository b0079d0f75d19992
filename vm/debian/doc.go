// Package debian builds a bootable Debian disk from Debian's packages with mmdebstrap,
// without root or loop devices.
//
// The disk is self-contained: an MBR partition table, GRUB in the sectors before the only
// partition, and an ext4 root file system with Debian's kernel. So snapshots of the disk
// include a kernel that was upgraded in the guest. rootfs/ contains additional files, and
// customize.sh changes the installed system. The agent is written last, so that a disk from
// the cache gets the current version.
//
// It works on files with the host's tools and must not depend on VMs.
package debian

// Progress receives progress reports. Its methods must not block.
type Progress interface {
	// Phase reports the start of a phase. code is one of the constants below; total is the
	// phase's length in bytes, or 0 if unknown.
	Phase(code string, total int64)
	// Add reports that n more bytes of the phase are done.
	Add(n int64)
}

// Phases of a build, as passed to [Progress.Phase].
const (
	PhaseWait     = "await-build" // another process is building the same disk
	PhaseAsk      = "ask-mirror"
	PhaseLists    = "fetch-package-lists"
	PhaseDownload = "download-packages"
	PhaseUnpack   = "unpack-packages"
	PhaseInstall  = "install-packages"
	PhaseBoot     = "set-up-system"
	PhasePack     = "pack-files"
	PhaseDisk     = "write-disk"
)

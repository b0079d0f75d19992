package doctor

import (
	"io/fs"

	"vmterminal/app/problem"
	"vmterminal/snapshot/durable"
)

// Status is the severity of a finding.
type Status string

// The statuses.
const (
	// OK means that nothing is wrong.
	OK Status = "ok"
	// Note means that VMs work, but not as well as they could.
	Note Status = "note"
	// Blocking means that VMs cannot be created or run until the problem is fixed.
	Blocking Status = "missing"
)

// Subject says what was checked.
type Subject string

// The subjects.
const (
	SubjectQEMU         Subject = "qemu"
	SubjectAccelerator  Subject = "accelerator"
	SubjectGuest        Subject = "guest"
	SubjectDebian       Subject = "debian"
	SubjectUEFI         Subject = "uefi"
	SubjectStore        Subject = "store"
	SubjectFileSystem   Subject = "file_system"
	SubjectSockets      Subject = "sockets"
	SubjectOwners       Subject = "owners"
	SubjectSpace        Subject = "space"
	SubjectSharedBlocks Subject = "shared_blocks"
	SubjectConfig       Subject = "config"
	SubjectVMs          Subject = "vms"
	SubjectVM           Subject = "vm" // one VM: Args.VM
	SubjectLeftovers    Subject = "leftovers"
	SubjectUndoDisk     Subject = "undo_disk"
	SubjectDisplay      Subject = "display"
)

// Code says what was found. The comment on each code names the fields of Args that are set.
// `doctor --json` prints codes, so they may be added but never renamed.
type Code string

// The codes.
const (
	QEMUFound       Code = "qemu_found"     // Version, Path
	QEMUMissing     Code = "qemu_missing"   // Err
	QEMUBroken      Code = "qemu_broken"    // Err
	QEMUTooOld      Code = "qemu_too_old"   // Version, Path, Minimum
	AccelWorks      Code = "accel_works"    // Accelerator
	AccelUnknown    Code = "accel_unknown"  // cannot be tested because QEMU is missing
	AccelTestFailed Code = "accel_failed"   // Err: the test of the accelerators failed
	GuestBuiltIn    Code = "guest_built_in" // Version
	GuestMissing    Code = "guest_missing"

	// The accelerator is emulation (TCG) because the hardware accelerator cannot be used:
	AccelNoDevice      Code = "accel_no_device"      // there is no /dev/kvm
	AccelNoPermission  Code = "accel_no_permission"  // this user may not open /dev/kvm
	AccelCannotOpen    Code = "accel_cannot_open"    // opening /dev/kvm fails for another reason
	AccelGuestsFail    Code = "accel_guests_fail"    // the hardware accelerator cannot run guests
	AccelNoHypervisor  Code = "accel_no_hypervisor"  // this Mac has no hypervisor
	AccelUnknownSystem Code = "accel_unknown_system" // no accelerator is known for this operating system

	DebianBuildable     Code = "debian_buildable"     // Debian can be built from packages
	DebianNoTools       Code = "debian_no_tools"      // Tools
	DebianUnsupported   Code = "debian_unsupported"   // Err
	UEFIFound           Code = "uefi_found"           // Path
	UEFIMissing         Code = "uefi_missing"         // no VM needs it
	UEFINeeded          Code = "uefi_needed"          // VM: one that needs it
	StorePrivate        Code = "store_private"        // Path
	StoreNotCreated     Code = "store_not_created"    // Path; the first VM creates it
	StoreNotMounted     Code = "store_not_mounted"    // Path, Err
	StoreNotCreatable   Code = "store_not_creatable"  // Path, Folder (where it would be created), Err
	StoreUnreadable     Code = "store_unreadable"     // Path, Err
	StoreNotFolder      Code = "store_not_folder"     // Path
	StoreRefusedForRoot Code = "store_refused"        // Path, User (its owner); this process runs as root
	StoreOtherOwner     Code = "store_other_owner"    // Path, User (its owner)
	StoreNotWritable    Code = "store_not_writable"   // Path, Err
	StoreReadOnly       Code = "store_read_only"      // Path, Err: its file system is mounted read-only
	StoreOpenToOthers   Code = "store_open_to_others" // Path, Mode

	FileSystemComplete Code = "file_system_complete"
	FileSystemLacks    Code = "file_system_lacks" // Features
	SocketsInStore     Code = "sockets_in_store"
	SocketsElsewhere   Code = "sockets_elsewhere" // Path
	SocketsNowhere     Code = "sockets_nowhere"   // Err
	OwnersDiffer       Code = "owners_differ"     // Count, Path (the first), User (the store's owner)
	SpaceEnough        Code = "space_enough"      // Free, Total
	SpaceLow           Code = "space_low"         // Free, Total
	SpaceTooLow        Code = "space_used_up"     // Free, Total
	SpaceNoInodes      Code = "space_no_inodes"
	SpaceUnknown       Code = "space_unknown" // Err
	BlocksShared       Code = "blocks_shared"
	BlocksNotShared    Code = "blocks_not_shared"
	BlocksUnknown      Code = "blocks_unknown" // Err
	ConfigReadable     Code = "config_readable"
	ConfigInvalid      Code = "config_invalid" // Path, Err
	VMsNone            Code = "vms_none"
	VMsUsable          Code = "vms_usable"       // Count
	VMsUnlistable      Code = "vms_unlistable"   // Err
	VMsNote            Code = "vms_note"         // Text
	VMBroken           Code = "vm_broken"        // VM, Problem
	VMNotAnswering     Code = "vm_not_answering" // VM, Problem
	VMDiskReplaced     Code = "vm_disk_replaced" // VM
	LeftoversNone      Code = "leftovers_none"
	UnfinishedFiles    Code = "unfinished_files" // Count, Size
	DamagedFile        Code = "damaged_file"     // Path
	SavedDisk          Code = "saved_disk"       // Path: a disk that a guest kept writing to after another file had replaced it
	UnlistedVM         Code = "unlisted_vm"      // VM, Path: its folder
	UndoDiskHidden     Code = "undo_disk_hidden" // Path
	DisplayNone        Code = "display_none"
	DisplayFails       Code = "display_fails"       // Display, Err
	DisplayWorks       Code = "display_works"       // Display, Path (the graphics device)
	DisplayNoAccess    Code = "display_no_access"   // Display, Path; OpenGL renders in software
	DisplayNoGraphics  Code = "display_no_graphics" // Display; OpenGL renders in software
)

// Args holds the values that belong to a code. Fields that the code does not use are zero.
type Args struct {
	Path, Folder string
	Version      string
	Minimum      string // version
	Accelerator  string // "kvm"
	VM           string
	User         string
	Display      string // "X11 (:0)"
	Text         string // one line from the Service, shown as is
	Problem      problem.Problem
	Tools        []Tool
	Features     []durable.Feature // missing features
	Mode         fs.FileMode
	Count        int
	Size         int64 // bytes
	Free, Total  int64 // bytes
	Err          error
}

// Finding is the result of one check.
type Finding struct {
	Subject Subject
	Status  Status
	Code    Code
	Args    Args
	// Fixes lists alternative fixes, the best first. It is empty if there is nothing to fix.
	Fixes []Fix
}

// withFixes returns a copy of the finding with the given fixes.
func (f Finding) withFixes(fixes ...Fix) Finding {
	f.Fixes = fixes
	return f
}

package problem

import (
	"maps"
	"slices"
)

// Exit codes of the commands.
const (
	ExitOK          = 0
	ExitFailure     = 1
	ExitUsage       = 2
	ExitNotFound    = 3
	ExitState       = 4 // wrong state, or busy
	ExitDamaged     = 5
	ExitNoSpace     = 6
	ExitInterrupted = 130
)

// Code says why an operation failed.
type Code string

// The codes.
const (
	IsFolder             Code = "is_folder"
	Canceled             Code = "canceled"
	VMRunning            Code = "vm_running"
	WrongState           Code = "wrong_state"
	VMTemporary          Code = "vm_temporary"
	BootFailed           Code = "boot_failed"
	CopyFailed           Code = "copy_failed"
	NoSSHServer          Code = "no_ssh_server"
	ToolMissing          Code = "tool_missing"
	NoPackageManager     Code = "no_package_manager"
	ForwardNotFound      Code = "forward_not_found"
	JobNotFound          Code = "job_not_found"
	VMStopped            Code = "vm_stopped"
	NoActiveVM           Code = "no_active_vm"
	VMNotFound           Code = "vm_not_found"
	StoreOfOtherUser     Code = "store_of_other_user"
	VMOfOtherUser        Code = "vm_of_other_user"
	VMListMissing        Code = "vm_list_missing"
	JSONDamaged          Code = "json_damaged"
	NotMounted           Code = "not_mounted"
	DiskMissing          Code = "disk_missing"
	DataLeftBehind       Code = "data_left_behind"
	VMExists             Code = "vm_exists"
	ConfigFileInvalid    Code = "config_file_invalid"
	SettingUnknown       Code = "setting_unknown"
	SettingInvalid       Code = "setting_invalid"
	NewerVersion         Code = "newer_version"
	ReleaseUnknown       Code = "release_unknown"
	DebianUnbuildable    Code = "debian_unbuildable"
	MirrorFailed         Code = "mirror_failed"
	VMBroken             Code = "vm_broken"
	NameInvalid          Code = "name_invalid"
	SnapshotNotFound     Code = "snapshot_not_found"
	SnapshotExists       Code = "snapshot_exists"
	NotSnapshot          Code = "not_snapshot"
	SnapshotSequential   Code = "snapshot_sequential"
	SnapshotTooLarge     Code = "snapshot_too_large"
	RetentionInvalid     Code = "retention_invalid"
	NothingToUndo        Code = "nothing_to_undo"
	SnapshotUnchanged    Code = "snapshot_unchanged"
	SnapshotFileMissing  Code = "snapshot_file_missing"
	DescriptionInvalid   Code = "description_invalid"
	SnapshotDamaged      Code = "snapshot_damaged"
	NoSpace              Code = "no_space"
	NoInodes             Code = "no_inodes"
	QuotaExceeded        Code = "quota_exceeded"
	UndoNotPlaced        Code = "undo_not_placed"
	NotImage             Code = "not_image"
	ImageInUse           Code = "image_in_use"
	ImageDamaged         Code = "image_damaged"
	ImageTruncated       Code = "image_truncated"
	ImageTooLarge        Code = "image_too_large"
	ImageNotFound        Code = "image_not_found"
	ImageExists          Code = "image_exists"
	ChecksumMismatch     Code = "checksum_mismatch"
	CachedImageBroken    Code = "cached_image_broken"
	ImageNotInCatalog    Code = "image_not_in_catalog"
	SignatureInvalid     Code = "signature_invalid"
	CatalogUnreadable    Code = "catalog_unreadable"
	NoNetwork            Code = "no_network"
	DownloadStalled      Code = "download_stalled"
	DownloadCut          Code = "download_cut"
	RedirectRefused      Code = "redirect_refused"
	DownloadTooLarge     Code = "download_too_large"
	DiskAttached         Code = "disk_attached"
	DiskChanged          Code = "disk_changed"
	DiskInUse            Code = "disk_in_use"
	DiskNotPreserved     Code = "disk_not_preserved"
	DiskUnfinished       Code = "disk_unfinished"
	DiskSourceDamaged    Code = "disk_source_damaged"
	ShareUnavailable     Code = "share_unavailable"
	SharingUnsupported   Code = "sharing_unsupported"
	ShareNotFound        Code = "share_not_found"
	ForwardsFailed       Code = "forwards_failed"
	PortInUse            Code = "port_in_use"
	SupervisorGone       Code = "supervisor_gone"
	SupervisorSilent     Code = "supervisor_silent"
	VMBusy               Code = "vm_busy"
	CommandNotFound      Code = "command_not_found"
	CommandNotExecutable Code = "command_not_executable"
	VMPaused             Code = "vm_paused"
	GuestRestarted       Code = "guest_restarted"
	AgentSilent          Code = "agent_silent"
	NoAccelerator        Code = "no_accelerator"
	NoMemory             Code = "no_memory"
	PathTooLong          Code = "path_too_long"
	SocketFolderUnsafe   Code = "socket_folder_unsafe"
	VMRemains            Code = "vm_remains"
	VMCannotRename       Code = "vm_cannot_rename"
	FolderNotEmpty       Code = "folder_not_empty"
	FileExists           Code = "file_exists"
	FolderNotFound       Code = "folder_not_found"
	FileNotFound         Code = "file_not_found"
	PermissionDenied     Code = "permission_denied"
	ReadOnly             Code = "read_only"
	IOError              Code = "io_error"
	ConnectionRefused    Code = "connection_refused"
	TimedOut             Code = "timed_out"
	Unknown              Code = "unknown"
)

var exits = map[Code]int{
	IsFolder:             ExitFailure,
	Canceled:             ExitInterrupted,
	VMRunning:            ExitState,
	WrongState:           ExitState,
	VMTemporary:          ExitState,
	BootFailed:           ExitFailure,
	CopyFailed:           ExitFailure,
	NoSSHServer:          ExitState,
	ToolMissing:          ExitFailure,
	NoPackageManager:     ExitState,
	ForwardNotFound:      ExitNotFound,
	JobNotFound:          ExitNotFound,
	VMStopped:            ExitState,
	NoActiveVM:           ExitNotFound,
	VMNotFound:           ExitNotFound,
	StoreOfOtherUser:     ExitFailure,
	VMOfOtherUser:        ExitState,
	VMListMissing:        ExitDamaged,
	JSONDamaged:          ExitDamaged,
	NotMounted:           ExitNotFound,
	DiskMissing:          ExitState,
	DataLeftBehind:       ExitState,
	VMExists:             ExitState,
	ConfigFileInvalid:    ExitFailure,
	SettingUnknown:       ExitUsage,
	SettingInvalid:       ExitUsage,
	NewerVersion:         ExitState,
	ReleaseUnknown:       ExitUsage,
	DebianUnbuildable:    ExitFailure,
	MirrorFailed:         ExitFailure,
	VMBroken:             ExitState,
	NameInvalid:          ExitUsage,
	SnapshotNotFound:     ExitNotFound,
	SnapshotExists:       ExitState,
	NotSnapshot:          ExitDamaged,
	SnapshotSequential:   ExitFailure,
	SnapshotTooLarge:     ExitFailure,
	RetentionInvalid:     ExitUsage,
	NothingToUndo:        ExitNotFound,
	SnapshotUnchanged:    ExitState,
	SnapshotFileMissing:  ExitNotFound,
	DescriptionInvalid:   ExitUsage,
	SnapshotDamaged:      ExitDamaged,
	NoSpace:              ExitNoSpace,
	NoInodes:             ExitNoSpace,
	QuotaExceeded:        ExitNoSpace,
	UndoNotPlaced:        ExitFailure,
	NotImage:             ExitUsage,
	ImageInUse:           ExitState,
	ImageDamaged:         ExitDamaged,
	ImageTruncated:       ExitDamaged,
	ImageTooLarge:        ExitUsage,
	ImageNotFound:        ExitNotFound,
	ImageExists:          ExitState,
	ChecksumMismatch:     ExitDamaged,
	CachedImageBroken:    ExitDamaged,
	ImageNotInCatalog:    ExitNotFound,
	SignatureInvalid:     ExitDamaged,
	CatalogUnreadable:    ExitFailure,
	NoNetwork:            ExitFailure,
	DownloadStalled:      ExitFailure,
	DownloadCut:          ExitFailure,
	RedirectRefused:      ExitFailure,
	DownloadTooLarge:     ExitDamaged,
	DiskAttached:         ExitState,
	DiskChanged:          ExitState,
	DiskInUse:            ExitState,
	DiskNotPreserved:     ExitState,
	DiskUnfinished:       ExitState,
	DiskSourceDamaged:    ExitDamaged,
	ShareUnavailable:     ExitState,
	SharingUnsupported:   ExitFailure,
	ShareNotFound:        ExitNotFound,
	ForwardsFailed:       ExitFailure,
	PortInUse:            ExitState,
	SupervisorGone:       ExitState,
	SupervisorSilent:     ExitState,
	VMBusy:               ExitState,
	CommandNotFound:      ExitNotFound,
	CommandNotExecutable: ExitFailure,
	VMPaused:             ExitState,
	GuestRestarted:       ExitState,
	AgentSilent:          ExitState,
	NoAccelerator:        ExitFailure,
	NoMemory:             ExitFailure,
	PathTooLong:          ExitFailure,
	SocketFolderUnsafe:   ExitFailure,
	VMRemains:            ExitFailure,
	VMCannotRename:       ExitFailure,
	FolderNotEmpty:       ExitFailure,
	FileExists:           ExitState,
	FolderNotFound:       ExitNotFound,
	FileNotFound:         ExitNotFound,
	PermissionDenied:     ExitFailure,
	ReadOnly:             ExitFailure,
	IOError:              ExitFailure,
	ConnectionRefused:    ExitFailure,
	TimedOut:             ExitFailure,
	Unknown:              ExitFailure,
}

// Exit returns the exit code of a command that fails with c.
func (c Code) Exit() int {
	if exit, ok := exits[c]; ok {
		return exit
	}
	return ExitFailure
}

// Codes lists all codes in alphabetical order.
func Codes() []Code { return slices.Sorted(maps.Keys(exits)) }

package doctor

import "io/fs"

// Tool names something that the system's packages provide: a program, or files such as UEFI
// firmware.
type Tool string

// The tools that VMTerminal uses.
const (
	QEMU       Tool = "qemu-system-x86_64"
	QEMUImg    Tool = "qemu-img"
	OVMF       Tool = "OVMF" // UEFI firmware (edk2)
	SSH        Tool = "ssh"
	Mmdebstrap Tool = "mmdebstrap"
	APTGet     Tool = "apt-get"
	Tar        Tool = "tar"
	MkE2fs     Tool = "mke2fs"
	DebugFS    Tool = "debugfs"
	NewUIDMap  Tool = "newuidmap"
	Fakeroot   Tool = "fakeroot"
	Keyring    Tool = "debian-archive-keyring"
)

// Action says what a fix does. The comment of each action names the fields of Fix that are set.
type Action string

// The actions.
const (
	InstallTools   Action = "install_tools"   // Tools
	ReinstallTools Action = "reinstall_tools" // Tools
	UpgradeTools   Action = "upgrade_tools"   // Tools
	LoadModule     Action = "load_module"     // Name: the kernel module
	JoinGroup      Action = "join_group"      // Name, User ("": the current one); takes effect at the next login
	ReadKernelLog  Action = "read_kernel_log" // to see what the kernel reports about KVM
	RebuildProgram Action = "rebuild_program" // so that it contains the built-in guest

	// If this computer is itself a VM, on its host:
	EnableNested Action = "enable_nested" // enable nested virtualization
	RepairNested Action = "repair_nested" // nested virtualization is enabled, but does not work

	EnableVirtualization Action = "enable_virtualization" // in the firmware setup

	MountFileSystem   Action = "mount_file_system"   // Path
	CreateFolder      Action = "create_folder"       // Path
	MoveStore         Action = "move_store"          // Name: the variable to set to another folder
	MoveStoreSafer    Action = "move_store_safer"    // Name; to a file system with all features
	MoveStoreSharing  Action = "move_store_sharing"  // Name; to a file system with shared blocks
	SetSocketFolder   Action = "set_socket_folder"   // Name: the variable to set to a private folder with a short path
	RemoveSocketDir   Action = "remove_socket_dir"   // the folder that the error names
	MoveFile          Action = "move_file"           // Path, Target
	RemoveFile        Action = "remove_file"         // Path
	RemoveFolder      Action = "remove_folder"       // Path, with its contents
	ChangeOwner       Action = "change_owner"        // Path, with its contents; UID
	ChangeMode        Action = "change_mode"         // Path, Mode
	AllowOwner        Action = "allow_owner"         // Path: its owner may read, write and search it
	RemountWritable   Action = "remount_writable"    // Path
	EditLine          Action = "edit_line"           // Path; the error names the line
	ShowUsage         Action = "show_usage"          // Path: the folder below which to show what uses the space
	InspectAttributes Action = "inspect_attributes"  // Path: the undo disk's folder; useful if the next job cannot rename the undo disk
	AwaitRemoval      Action = "await_removal"       // the next job on that VM removes the files
	AwaitRename       Action = "await_rename"        // the next job on that VM renames the file
	UseAsOwner        Action = "use_as_owner"        // User
	ReplaceDisk       Action = "replace_disk"        // Path, Target: with the VM stopped
	AdoptVM           Action = "adopt_vm"            // Name
	ListSnapshots     Action = "list_snapshots"      // Name: the VM
	ForceStop         Action = "force_stop"          // Name: the VM
	SnapshotGuestDisk Action = "snapshot_guest_disk" // Name: the VM
	OpenOnDesktop     Action = "open_on_desktop"     // or forward X11 through SSH
)

// Fix is a way to resolve a finding. Fields that the action does not use are zero.
type Fix struct {
	Action       Action
	Tools        []Tool
	Path, Target string
	Name, User   string
	UID          int
	Mode         fs.FileMode
}

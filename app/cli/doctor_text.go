package cli

import (
	"fmt"
	"strings"

	"vmterminal/app/doctor"
	"vmterminal/app/hostcmd"
	"vmterminal/app/units"
	"vmterminal/snapshot/durable"
)

// subjectNames contains the names of subjects that codeWords would not produce.
var subjectNames = map[doctor.Subject]string{
	doctor.SubjectQEMU:   "QEMU",
	doctor.SubjectDebian: "Debian from packages",
	doctor.SubjectUEFI:   "UEFI",
	doctor.SubjectConfig: "config.yaml",
	doctor.SubjectVMs:    "VMs",
}

// subjectName returns the name of the checked subject.
func subjectName(f doctor.Finding) string {
	if f.Subject == doctor.SubjectVM {
		return "VM " + f.Args.VM
	}
	if name, ok := subjectNames[f.Subject]; ok {
		return name
	}
	return codeWords(string(f.Subject))
}

// codeWords replaces the underscores of a code with spaces.
func codeWords(code string) string { return strings.ReplaceAll(code, "_", " ") }

// emulationReasons maps codes to the reason why guests are emulated.
var emulationReasons = map[doctor.Code]string{
	doctor.AccelNoDevice:      "there is no /dev/kvm",
	doctor.AccelNoPermission:  "no permission to open /dev/kvm",
	doctor.AccelCannotOpen:    "/dev/kvm cannot be opened",
	doctor.AccelGuestsFail:    "the hardware accelerator does not run guests",
	doctor.AccelNoHypervisor:  "this Mac has no hypervisor",
	doctor.AccelUnknownSystem: "no hardware accelerator is known for this operating system",
}

// findingText describes a finding.
func findingText(f doctor.Finding) string {
	a := f.Args
	if why, ok := emulationReasons[f.Code]; ok {
		return a.Accelerator + ", several times slower: " + why
	}
	switch f.Code {
	case doctor.QEMUFound:
		return a.Version + " (" + a.Path + ")"
	case doctor.QEMUTooOld:
		return fmt.Sprintf("%s (%s) is too old: %s or newer is needed", a.Version, a.Path, a.Minimum)
	case doctor.QEMUMissing, doctor.QEMUBroken, doctor.AccelFailed, doctor.DebianUnsupported, doctor.StoreNotMounted,
		doctor.StoreUnreadable, doctor.SocketsNowhere, doctor.ConfigInvalid:
		return a.Err.Error()
	case doctor.AccelWorks:
		return a.Accelerator + ": " + a.Accelerator + " runs guests here"
	case doctor.AccelUnknown:
		return "unknown until QEMU is installed"
	case doctor.GuestBuiltIn:
		return "built in: " + a.Version
	case doctor.GuestMissing:
		return "this program was built without its built-in guest"
	case doctor.DebianBuildable:
		return "can be built here"
	case doctor.DebianNoTools:
		return "building it needs tools that are not installed: " + toolNames(a.Tools)
	case doctor.UEFIFound:
		return a.Path
	case doctor.UEFIMissing:
		return "UEFI firmware (OVMF) is not installed: UEFI-only images cannot be used"
	case doctor.UEFINeeded:
		return "UEFI firmware (OVMF) is not installed, and VM '" + a.VM + "' needs it"
	case doctor.StorePrivate:
		return a.Path + ", accessible only to you"
	case doctor.StoreNotCreated:
		return a.Path + " will be created with the first VM"
	case doctor.StoreNotCreatable:
		return fmt.Sprintf("%s cannot be created: %s: %v", a.Path, a.Folder, a.Err)
	case doctor.StoreNotFolder:
		return a.Path + " is not a folder"
	case doctor.StoreRefused:
		return fmt.Sprintf("%s belongs to %s, and this is root", a.Path, a.User)
	case doctor.StoreOtherOwner:
		return fmt.Sprintf("%s belongs to %s, who can change everything in it", a.Path, a.User)
	case doctor.StoreNotWritable, doctor.StoreReadOnly:
		return fmt.Sprintf("%s cannot be written: %v", a.Path, a.Err)
	case doctor.StoreOpen:
		return fmt.Sprintf("%s is open to others (mode %04o)", a.Path, a.Mode)
	case doctor.FileSystemComplete:
		return "supports all features that the store uses"
	case doctor.FileSystemLacks:
		return featuresText(a.Features)
	case doctor.SocketsInStore:
		return "in the store"
	case doctor.SocketsElsewhere:
		return "in " + a.Path + ", because the store does not support them"
	case doctor.OwnersDiffer:
		return fmt.Sprintf("%s in the store not owned by %s; the first is %s", pluralize(a.Count, "file"), a.User, a.Path)
	case doctor.SpaceEnough, doctor.SpaceLow, doctor.SpaceUsedUp:
		return units.Bytes(a.Free) + " of " + units.Bytes(a.Total) + " free"
	case doctor.SpaceNoInodes:
		return "the file system has no inodes left for another file"
	case doctor.SpaceUnknown, doctor.BlocksUnknown:
		return fmt.Sprintf("unknown: %v", a.Err)
	case doctor.BlocksShared:
		return "yes: a snapshot takes only the space of what changed"
	case doctor.BlocksNotShared:
		return "no: each snapshot takes its full size"
	case doctor.ConfigReadable:
		return "the settings for new VMs are valid"
	case doctor.VMsNone:
		return "none yet"
	case doctor.VMsUsable:
		return fmt.Sprintf("%d, all usable", a.Count)
	case doctor.VMsUnlistable:
		return explain(a.Err).Detail
	case doctor.VMsNote, doctor.VMBroken, doctor.VMNotAnswering:
		return a.Text
	case doctor.VMDiskReplaced:
		return diskReplacedText
	case doctor.LeftoversNone:
		return "none"
	case doctor.UnfinishedFiles:
		return fmt.Sprintf("%s of interrupted jobs, %s", pluralize(a.Count, "unfinished file"), units.Bytes(a.Size))
	case doctor.DamagedFile:
		return a.Path + " could not be read and was set aside"
	case doctor.SavedDisk:
		return a.Path + " is the disk of a guest that was running when disk.raw was replaced"
	case doctor.UnlistedVM:
		return a.Path + " belongs to a VM that was deleted without its data"
	case doctor.UndoDiskHidden:
		return a.Path + " is the undo disk of the last restore, under a temporary name"
	case doctor.DisplayNone:
		return "none: commands work, the window does not"
	case doctor.DisplayFails:
		return fmt.Sprintf("%s does not answer: %v", a.Display, a.Err)
	case doctor.DisplayWorks:
		return a.Display + ", OpenGL can use " + a.Path
	case doctor.DisplayNoAccess:
		return a.Display + ", OpenGL renders in software: no permission to open " + a.Path
	case doctor.DisplayNoGraphics:
		return a.Display + ", OpenGL renders in software: there is no graphics device"
	default:
		return unknownText(f)
	}
}

// unknownText describes a finding with an unknown code.
func unknownText(f doctor.Finding) string {
	text := codeWords(string(f.Code))
	for _, detail := range []string{f.Args.VM, f.Args.Path, f.Args.Text} {
		if detail != "" {
			text += ": " + detail
		}
	}
	if f.Args.Err != nil {
		text += ": " + f.Args.Err.Error()
	}
	return text
}

// fixesText describes how to fix a finding; it returns "" if no fix is known.
func fixesText(f doctor.Finding) string {
	if f.Code == doctor.VMsUnlistable {
		return explain(f.Args.Err).Hint
	}
	var all strings.Builder
	for i, fix := range f.Fixes {
		switch {
		case i > 0 && fix.Action == doctor.InspectAttributes:
			all.WriteString("; ")
		case i > 0:
			all.WriteString("; or ")
		}
		all.WriteString(fixText(fix))
	}
	return all.String()
}

// fixText describes a fix, including its command line, if there is one.
func fixText(f doctor.Fix) string {
	command, ok := hostcmd.Fix(f)
	switch f.Action {
	case doctor.InstallTools:
		return installText(f.Tools)
	case doctor.ReinstallTools:
		return "reinstall it: " + installText(f.Tools)
	case doctor.UpgradeTools:
		return "install a newer version: " + installText(f.Tools)
	case doctor.JoinGroup:
		return command + ", then log in again"
	case doctor.ReadKernelLog:
		return "see what the kernel reports: " + command
	case doctor.EnableNested:
		return "this computer is a VM: enable nested virtualization on its host " +
			"(modprobe -r kvm_intel && modprobe kvm_intel nested=1, or the same with kvm_amd; its CPU model: host-passthrough)"
	case doctor.RepairNested:
		return "this computer is a VM whose nested virtualization does not work: fix that on its host"
	case doctor.EnableVirtualization:
		return "enable virtualization (Intel VT-x, AMD-V or SVM) in the computer's BIOS setup, if its processor supports it"
	case doctor.MountFileSystem:
		return "mount its file system"
	case doctor.CreateFolder:
		return "create the folder: " + command
	case doctor.MoveStore:
		return "set " + f.Name + " to a folder of your own"
	case doctor.MoveStoreSafer:
		return "no action is needed; for more safety, set " + f.Name + " to a folder on a file system such as ext4, XFS or btrfs"
	case doctor.MoveStoreSharing:
		return "no action is needed; a store on btrfs or XFS takes less space (" + f.Name + " moves it)"
	case doctor.SetSocketFolder:
		return "set " + f.Name + " to a private folder with a short path"
	case doctor.RemoveSocketDir:
		return "remove that folder"
	case doctor.RemoveFile, doctor.RemoveFolder:
		return "to delete it: " + command
	case doctor.EditLine:
		return "fix that line: " + command
	case doctor.ShowUsage:
		return "see what uses the space: " + command
	case doctor.InspectAttributes:
		return "if that job reports a failure: " + command
	case doctor.AwaitRemoval:
		return "no action is needed: the next job on that VM removes them"
	case doctor.AwaitRename:
		return "no action is needed: the next job on that VM renames it"
	case doctor.UseAsOwner:
		return "use it as its owner: sudo -u " + hostcmd.Quote(f.User) + " vmterminal"
	case doctor.ReplaceDisk:
		return "to use it, with the VM stopped: " + command
	case doctor.AdoptVM:
		return "vmterminal vm create " + f.Name + " --reuse-data"
	case doctor.ListSnapshots:
		return "vmterminal snapshot list --vm " + f.Name
	case doctor.ForceStop:
		return "vmterminal stop --force --vm " + f.Name
	case doctor.SnapshotGuestDisk:
		return "vmterminal snapshot create guest-disk --vm " + f.Name
	case doctor.OpenOnDesktop:
		return "start it on a desktop; over SSH: ssh -X"
	default:
		if ok {
			return command
		}
		return codeWords(string(f.Action))
	}
}

// installText returns the command that installs tools on this system, or advice if no command
// is known.
func installText(tools []doctor.Tool) string {
	if command, ok := hostcmd.Install(tools...); ok {
		return command
	}
	return "install " + toolNames(tools) + " with this system's package manager"
}

func toolNames(tools []doctor.Tool) string {
	var names []string
	for _, t := range tools {
		names = append(names, string(t))
	}
	return strings.Join(names, ", ")
}

// featureEffects maps a feature to how the program works on a file system without it.
var featureEffects = map[durable.Feature]string{
	durable.HardLinks: "disks are replaced by renaming them twice",
	durable.Sockets:   "sockets are kept outside the store",
	durable.DirSync:   "a power failure can undo the last changes",
}

// featuresText describes the features that a file system lacks, and the effects of that.
func featuresText(missing []durable.Feature) string {
	var all []string
	for _, feature := range missing {
		all = append(all, fmt.Sprintf("no %s (%s)", feature, featureEffects[feature]))
	}
	return strings.Join(all, ", ")
}

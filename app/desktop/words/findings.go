package words

import (
	"fmt"
	"strings"

	"fyne.io/fyne/v2/lang"

	"vmterminal/app/doctor"
	"vmterminal/app/hostcmd"
	"vmterminal/app/units"
	"vmterminal/snapshot/durable"
)

// Finding describes a problem that a check of the host found.
func Finding(f doctor.Finding) string {
	a := f.Args
	values := Values{
		"Path": a.Path, "Version": a.Version, "Minimum": a.Minimum, "VM": a.VM, "User": a.User, "Display": a.Display, "Problem": Cause(a.Problem),
		"N": a.Count, "Size": units.Bytes(a.Size), "Free": units.Bytes(a.Free), "Total": units.Bytes(a.Total), "Tools": joinTools(a.Tools),
		"Features": joinFeatures(a.Features), "Error": "",
	}
	if a.Err != nil {
		values["Error"] = a.Err.Error()
	}
	if text, ok := findingTexts[f.Code]; ok {
		return translate(text, values)
	}
	if why, ok := slowTexts[f.Code]; ok {
		return lang.L("VMs run several times slower: {{.Why}}", Values{"Why": translate(why, nil)})
	}
	if f.Code == doctor.VMsNote {
		return a.Text
	}
	return unknownFinding(f)
}

// findingTexts describe the findings that have a text of their own.
var findingTexts = map[doctor.Code]string{
	doctor.QEMUMissing:         "VMs cannot run: QEMU is not installed",
	doctor.QEMUBroken:          "VMs cannot run: {{.Error}}",
	doctor.SocketsNowhere:      "VMs cannot run: {{.Error}}",
	doctor.QEMUTooOld:          "VMs cannot run: QEMU {{.Version}} is too old, {{.Minimum}} or newer is needed",
	doctor.AccelUnknown:        "The accelerator is unknown until QEMU is installed",
	doctor.AccelTestFailed:     "VMs cannot run: the accelerator could not be checked: {{.Error}}",
	doctor.GuestMissing:        "This program was built without its built-in guest",
	doctor.DebianNoTools:       "Debian cannot be built from packages without {{.Tools}}",
	doctor.DebianUnsupported:   "Debian cannot be built from packages: {{.Error}}",
	doctor.UEFIMissing:         "UEFI-only images cannot be used: UEFI firmware is not installed",
	doctor.UEFINeeded:          "{{.VM}} cannot start: UEFI firmware is not installed",
	doctor.StoreNotMounted:     "The store cannot be used: {{.Error}}",
	doctor.StoreUnreadable:     "The store cannot be used: {{.Error}}",
	doctor.StoreNotCreatable:   "The store {{.Path}} cannot be created: {{.Error}}",
	doctor.StoreNotFolder:      "The store {{.Path}} is not a folder",
	doctor.StoreRefusedForRoot: "The store {{.Path}} belongs to {{.User}}, but VMTerminal runs as root",
	doctor.StoreOtherOwner:     "The store {{.Path}} belongs to {{.User}}, who can change everything in it",
	doctor.StoreNotWritable:    "The store {{.Path}} cannot be written: {{.Error}}",
	doctor.StoreReadOnly:       "The store {{.Path}} cannot be written: {{.Error}}",
	doctor.StoreOpenToOthers:   "The store {{.Path}} is open to other users",
	doctor.FileSystemLacks:     "The store's file system does not support: {{.Features}}",
	doctor.OwnersDiffer:        "Some files in the store do not belong to {{.User}} ({{.N}}, the first is {{.Path}})",
	doctor.SpaceLow:            "The disk that stores the VMs is nearly full: {{.Free}} of {{.Total}} free",
	doctor.SpaceTooLow:         "The disk that stores the VMs is nearly full: {{.Free}} of {{.Total}} free",
	doctor.SpaceNoInodes:       "The file system with the VMs has no inodes left for another file",
	doctor.SpaceUnknown:        "The free space for VMs is unknown: {{.Error}}",
	doctor.BlocksNotShared:     "Each snapshot takes its full size on this file system",
	doctor.BlocksUnknown:       "Could not check whether snapshots can share space: {{.Error}}",
	doctor.ConfigInvalid:       "The defaults for new VMs cannot be read: {{.Error}}",
	doctor.VMsUnlistable:       "The VMs cannot be listed: {{.Error}}",
	doctor.VMBroken:            "{{.VM}} cannot be used: {{.Problem}}",
	doctor.VMNotAnswering:      "{{.VM}} is not responding: {{.Problem}}",
	doctor.VMDiskReplaced:      "The disk of {{.VM}} was replaced by another file while the VM was running",
	doctor.UnfinishedFiles:     "Interrupted jobs left unfinished files: {{.N}} ({{.Size}})",
	doctor.DamagedFile:         "{{.Path}} was set aside because it could not be read",
	doctor.SavedDisk:           "{{.Path}} is the disk a guest was using when another file replaced it",
	doctor.UnlistedVM:          "{{.Path}} belongs to a VM that was deleted without its data",
	doctor.UndoDiskHidden:      "{{.Path}} is the disk that the last restore replaced, under a temporary name",
	doctor.DisplayNone:         "There is no display",
	doctor.DisplayFails:        "The display {{.Display}} is not responding: {{.Error}}",
}

// slowTexts are the reasons why VMs are emulated.
var slowTexts = map[doctor.Code]string{
	doctor.AccelNoDevice:      "/dev/kvm does not exist",
	doctor.AccelNoPermission:  "your user does not have permission to open /dev/kvm",
	doctor.AccelCannotOpen:    "/dev/kvm cannot be opened",
	doctor.AccelGuestsFail:    "the hardware accelerator cannot run guests",
	doctor.AccelNoHypervisor:  "this Mac has no hypervisor",
	doctor.AccelUnknownSystem: "no hardware accelerator is known for this operating system",
}

// unknownFinding describes a finding whose code only a later version knows.
func unknownFinding(f doctor.Finding) string {
	found := strings.ReplaceAll(string(f.Code), "_", " ")
	if f.Args.Err != nil {
		found += fmt.Sprintf(" (%v)", f.Args.Err)
	}
	return lang.L("A host check reports: {{.Found}}", Values{"Found": found})
}

func joinFeatures(features []durable.Feature) string {
	var all []string
	for _, feature := range features {
		switch feature {
		case durable.HardLinks:
			all = append(all, lang.L("hard links"))
		case durable.Sockets:
			all = append(all, lang.L("sockets"))
		case durable.DirSync:
			all = append(all, lang.L("fsync of folders"))
		default:
			all = append(all, string(feature))
		}
	}
	return strings.Join(all, ", ")
}

func joinTools(tools []doctor.Tool) string {
	var names []string
	for _, t := range tools {
		names = append(names, string(t))
	}
	return strings.Join(names, ", ")
}

// WithFix returns the text of a finding followed by its fix.
func WithFix(found string, fix doctor.Fix) string {
	return lang.L("{{.Found}}. To fix this: {{.Fix}}", Values{"Found": found, "Fix": fixText(fix)})
}

// fixText describes a fix; the text ends a sentence.
func fixText(f doctor.Fix) string {
	values := Values{"Path": f.Path, "Target": f.Target, "Name": f.Name, "User": f.User}
	switch f.Action {
	case doctor.InstallTools:
		return installCommand(f.Tools)
	case doctor.ReinstallTools:
		return lang.L("reinstall it: {{.Command}}", Values{"Command": installCommand(f.Tools)})
	case doctor.UpgradeTools:
		return lang.L("install a newer version: {{.Command}}", Values{"Command": installCommand(f.Tools)})
	default:
		if text, ok := fixTexts[f.Action]; ok {
			return translate(text, values)
		}
		return strings.ReplaceAll(string(f.Action), "_", " ") // a later version's
	}
}

// fixTexts describe the fixes that are not commands.
var fixTexts = map[doctor.Action]string{
	doctor.LoadModule:           "load the kernel module {{.Name}}",
	doctor.JoinGroup:            "add your user to the group {{.Name}}, then log in again",
	doctor.ReadKernelLog:        "check the kernel log for messages about KVM",
	doctor.RebuildProgram:       "rebuild VMTerminal with its built-in guest",
	doctor.EnableNested:         "enable nested virtualization on the host of this virtual machine",
	doctor.RepairNested:         "repair nested virtualization on the host of this virtual machine",
	doctor.EnableVirtualization: "enable virtualization (Intel VT-x, AMD-V or SVM) in the BIOS setup",
	doctor.MountFileSystem:      "mount its file system",
	doctor.CreateFolder:         "create the folder {{.Path}}",
	doctor.MoveStore:            "set {{.Name}} to a folder of your own",
	doctor.MoveStoreSafer:       "set {{.Name}} to a folder on a file system such as ext4, XFS or btrfs",
	doctor.MoveStoreSharing:     "set {{.Name}} to a folder on btrfs or XFS",
	doctor.SetSocketFolder:      "set {{.Name}} to a private folder with a short path",
	doctor.RemoveSocketDir:      "remove that folder",
	doctor.MoveFile:             "rename {{.Path}} to {{.Target}}",
	doctor.ReplaceDisk:          "stop the VM, then rename {{.Path}} to {{.Target}}",
	doctor.RemoveFile:           "delete {{.Path}}",
	doctor.RemoveFolder:         "delete the folder {{.Path}}",
	doctor.ChangeOwner:          "change the owner of all files in {{.Path}}",
	doctor.ChangeMode:           "deny other users access to {{.Path}}",
	doctor.AllowOwner:           "allow its owner to read and write {{.Path}}",
	doctor.RemountWritable:      "remount its file system read-write",
	doctor.EditLine:             "correct that line in {{.Path}}",
	doctor.ShowUsage:            "free some space",
	doctor.InspectAttributes:    "check the file attributes of the disks in {{.Path}}",
	doctor.AwaitRemoval:         "no action needed; the next job on that VM removes them",
	doctor.AwaitRename:          "no action needed; the next job on that VM renames it",
	doctor.UseAsOwner:           "start VMTerminal as {{.User}}",
	doctor.AdoptVM:              "create a VM named {{.Name}} with this data",
	doctor.ListSnapshots:        "restore a snapshot of {{.Name}}",
	doctor.ForceStop:            "force {{.Name}} off",
	doctor.SnapshotGuestDisk:    "take a snapshot of {{.Name}}",
	doctor.OpenOnDesktop:        "start VMTerminal in a desktop session",
}

// installCommand returns the command that installs tools on this system, or advice if no
// command is known.
func installCommand(tools []doctor.Tool) string {
	if command, ok := hostcmd.Install(tools...); ok {
		return command
	}
	return lang.L("install {{.Tools}} with this system's package manager", Values{"Tools": joinTools(tools)})
}

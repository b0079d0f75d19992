package cli

import (
	"cmp"
	"fmt"
	"strconv"
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

// findingTexts describe the findings; see fillFinding for the words in braces.
var findingTexts = map[doctor.Code]string{
	doctor.QEMUFound:           "{version} ({path})",
	doctor.QEMUTooOld:          "{version} ({path}) is too old: {minimum} or newer is needed",
	doctor.QEMUMissing:         "{error}",
	doctor.QEMUBroken:          "{error}",
	doctor.AccelTestFailed:     "{error}",
	doctor.AccelWorks:          "{accelerator}: {accelerator} runs guests here",
	doctor.AccelUnknown:        "unknown until QEMU is installed",
	doctor.GuestBuiltIn:        "built in: {version}",
	doctor.GuestMissing:        "this program was built without its built-in guest",
	doctor.DebianBuildable:     "can be built here",
	doctor.DebianUnsupported:   "{error}",
	doctor.DebianNoTools:       "building it needs tools that are not installed: {tools}",
	doctor.UEFIFound:           "{path}",
	doctor.UEFIMissing:         "UEFI firmware (OVMF) is not installed: UEFI-only images cannot be used",
	doctor.UEFINeeded:          "UEFI firmware (OVMF) is not installed, and VM '{vm}' needs it",
	doctor.StorePrivate:        "{path}, accessible only to you",
	doctor.StoreNotMounted:     "{error}",
	doctor.StoreUnreadable:     "{error}",
	doctor.StoreNotCreated:     "{path} will be created with the first VM",
	doctor.StoreNotCreatable:   "{path} cannot be created: {folder}: {error}",
	doctor.StoreNotFolder:      "{path} is not a folder",
	doctor.StoreRefusedForRoot: "{path} belongs to {user}, and this is root",
	doctor.StoreOtherOwner:     "{path} belongs to {user}, who can change everything in it",
	doctor.StoreNotWritable:    "{path} cannot be written: {error}",
	doctor.StoreReadOnly:       "{path} cannot be written: {error}",
	doctor.StoreOpenToOthers:   "{path} is open to others (mode {mode})",
	doctor.FileSystemComplete:  "supports all features that the store uses",
	doctor.FileSystemLacks:     "{features}",
	doctor.SocketsInStore:      "in the store",
	doctor.SocketsElsewhere:    "in {path}, because the store does not support them",
	doctor.SocketsNowhere:      "{error}",
	doctor.OwnersDiffer:        "{files} in the store not owned by {user}; the first is {path}",
	doctor.SpaceEnough:         "{free} of {total} free",
	doctor.SpaceLow:            "{free} of {total} free",
	doctor.SpaceTooLow:         "{free} of {total} free",
	doctor.SpaceNoInodes:       "the file system has no inodes left for another file",
	doctor.SpaceUnknown:        "unknown: {error}",
	doctor.BlocksUnknown:       "unknown: {error}",
	doctor.BlocksShared:        "yes: a snapshot takes only the space of what changed",
	doctor.BlocksNotShared:     "no: each snapshot takes its full size",
	doctor.ConfigReadable:      "the settings for new VMs are valid",
	doctor.ConfigInvalid:       "{error}",
	doctor.VMsNone:             "none yet",
	doctor.VMsUsable:           "{count}, all usable",
	doctor.VMsNote:             "{text}",
	doctor.VMBroken:            "{text}",
	doctor.VMNotAnswering:      "{text}",
	doctor.VMDiskReplaced:      diskReplacedText,
	doctor.LeftoversNone:       "none",
	doctor.UnfinishedFiles:     "{unfinished files} of interrupted jobs, {size}",
	doctor.DamagedFile:         "{path} could not be read and was set aside",
	doctor.SavedDisk:           "{path} is the disk of a guest that was running when disk.raw was replaced",
	doctor.UnlistedVM:          "{path} belongs to a VM that was deleted without its data",
	doctor.UndoDiskHidden:      "{path} is the undo disk of the last restore, under a temporary name",
	doctor.DisplayNone:         "none: commands work, the window does not",
	doctor.DisplayFails:        "{display} does not answer: {error}",
	doctor.DisplayWorks:        "{display}, OpenGL can use {path}",
	doctor.DisplayNoAccess:     "{display}, OpenGL renders in software: no permission to open {path}",
	doctor.DisplayNoGraphics:   "{display}, OpenGL renders in software: there is no graphics device",
}

// findingText describes a finding.
func findingText(f doctor.Finding) string {
	if why, ok := emulationReasons[f.Code]; ok {
		return f.Args.Accelerator + ", several times slower: " + why
	}
	if f.Code == doctor.VMsUnlistable {
		return explain(f.Args.Err).Detail
	}
	text, ok := findingTexts[f.Code]
	if !ok {
		return unknownText(f)
	}
	return fillFinding(text, f.Args)
}

func fillFinding(text string, a doctor.Args) string {
	var cause string
	if a.Err != nil {
		cause = a.Err.Error()
	}
	return strings.NewReplacer("{accelerator}", a.Accelerator, "{count}", strconv.Itoa(a.Count), "{display}", a.Display,
		"{error}", cause, "{features}", featuresText(a.Features), "{files}", pluralize(a.Count, "file"), "{folder}", a.Folder,
		"{free}", units.Bytes(a.Free), "{minimum}", a.Minimum, "{mode}", fmt.Sprintf("%04o", a.Mode), "{path}", a.Path,
		"{size}", units.Bytes(a.Size), "{text}", cmp.Or(a.Text, a.Problem.Cause), "{tools}", toolNames(a.Tools), "{total}", units.Bytes(a.Total),
		"{unfinished files}", pluralize(a.Count, "unfinished file"), "{user}", a.User, "{version}", a.Version, "{vm}", a.VM).Replace(text)
}

// unknownText describes a finding with an unknown code.
func unknownText(f doctor.Finding) string {
	text := codeWords(string(f.Code))
	for _, detail := range []string{f.Args.VM, f.Args.Path, f.Args.Text, f.Args.Problem.Cause} {
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

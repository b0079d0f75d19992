package words

import (
	"strconv"
	"strings"

	"fyne.io/fyne/v2/lang"

	"vmterminal/app/doctor"
	"vmterminal/app/problem"
	"vmterminal/app/units"
)

// ProblemText is the text of a problem. All fields but Title may be empty.
type ProblemText struct{ Title, Detail, Disk, Hint string }

// Line returns the text as one line.
func (t ProblemText) Line() string { return problem.Line(t.Title, t.Detail, t.Disk, t.Hint) }

// Problem describes a problem in the user's language. Causes that are not in causeTexts, such as
// the errors of programs, are not translated.
func Problem(p problem.Problem) ProblemText {
	t := problemText(translate, p)
	if p.Holder.PID == 0 && p.Cause != "" {
		t.Detail = Cause(p)
	}
	return t
}

// Cause returns why an operation failed, in the user's language if possible.
func Cause(p problem.Problem) string {
	text, ok := causeTexts[p.Code]
	a := p.Args
	switch {
	case !ok && p.Code != problem.SnapshotDamaged || p.Code == problem.SnapshotDamaged && a.DamagedMiB == 0 || pathCauses[p.Code] && a.Path == "" || p.Code == problem.JSONDamaged && a.Line == 0:
		return p.Cause
	case p.Code == problem.NoSpace && a.Needed > 0:
		text = neededSpaceText
	case p.Code == problem.SnapshotDamaged && a.DamagedMiB > 0:
		text = damagedAtText
	}
	return translate(text, Values{"Path": a.Path, "Line": strconv.Itoa(a.Line), "Needed": units.Bytes(a.Needed), "Free": units.Bytes(a.Free), "MiB": strconv.FormatInt(a.DamagedMiB, 10)})
}

// Texts that replace those of NoSpace and SnapshotDamaged if the needed space or the place of the
// damage is known.
const (
	neededSpaceText = "not enough free space in {{.Path}}: about {{.Needed}} needed, {{.Free}} free"
	damagedAtText   = "the snapshot's file is damaged, first in MiB {{.MiB}} of the disk"
)

// pathCauses are the codes in causeTexts whose texts are complete only with a path.
var pathCauses = map[problem.Code]bool{
	problem.NoSpace: true, problem.NoInodes: true, problem.QuotaExceeded: true, problem.FileNotFound: true,
	problem.FileExists: true, problem.PermissionDenied: true, problem.ReadOnly: true, problem.IOError: true,
}

// causeTexts are the causes that a code and its arguments describe completely, by problem code.
var causeTexts = map[problem.Code]string{
	problem.VMRunning:           "VM is running",
	problem.VMTemporary:         "the VM is temporary: it is deleted when it stops",
	problem.VMStopped:           "VM is stopped",
	problem.VMPaused:            "the VM is paused",
	problem.NoSSHServer:         "the guest has no SSH server",
	problem.NoActiveVM:          "no VM is active",
	problem.JobNotFound:         "no job is running",
	problem.NothingToUndo:       "there is nothing to undo",
	problem.VMOfOtherUser:       "the VM runs as another user",
	problem.SupervisorGone:      "its supervisor died, but QEMU is still running",
	problem.SupervisorSilent:    "its supervisor is not responding",
	problem.GuestRestarted:      "the guest's agent was restarted",
	problem.DiskMissing:         "the disk is missing",
	problem.DiskNotPreserved:    "the VM was started, and the disk as it was before is no longer available",
	problem.SnapshotFileMissing: "the snapshot's file is missing",
	problem.JSONDamaged:         "{{.Path}} cannot be read: line {{.Line}} is damaged",
	problem.NoSpace:             "{{.Path}}: no space left",
	problem.NoInodes:            "{{.Path}}: no space left for another file",
	problem.QuotaExceeded:       "{{.Path}}: the disk quota is used up",
	problem.FileNotFound:        "{{.Path}}: file or folder not found",
	problem.FileExists:          "{{.Path}}: already exists",
	problem.PermissionDenied:    "{{.Path}}: permission denied",
	problem.ReadOnly:            "{{.Path}}: the file system is read-only",
	problem.IOError:             "{{.Path}}: the disk reported a read or write error",
	problem.ConnectionRefused:   "the connection was refused",
	problem.TimedOut:            "there was no response in time",
}

// EnglishProblem describes a problem in English, for bug reports.
func EnglishProblem(p problem.Problem) ProblemText { return problemText(fillTemplate, p) }

// StoredProblem describes a stored problem in one line. If p is nil, it returns line, which
// earlier versions stored instead.
func StoredProblem(p *problem.Problem, line string) string {
	if p == nil {
		return line
	}
	return Problem(*p).Line()
}

// EnglishStoredProblem describes a stored problem like StoredProblem, but in English, for bug
// reports.
func EnglishStoredProblem(p *problem.Problem, line string) string {
	if p == nil {
		return line
	}
	return EnglishProblem(*p).Line()
}

// Note describes a note in the user's language.
func Note(n problem.Note) string {
	text, ok := noteTexts[n.Code]
	if !ok {
		return string(n.Code)
	}
	return translate(text, noteValues(n))
}

func noteValues(n problem.Note) Values {
	return Values{"Path": n.Path, "Target": n.Target, "User": n.User, "Detail": n.Detail}
}

var noteTexts = map[problem.NoteCode]string{
	problem.NoteUndoNotPlaced:   "The disk from before the last restore is kept as {{.Path}} because it could not be renamed to {{.Target}}: {{.Detail}}.",
	problem.NoteStoreOtherOwner: "The store {{.Path}} belongs to {{.User}}, who can change everything in it.",
	problem.NoteStoreOpen:       "Other users on this computer can change the store {{.Path}}.",
}

// translate and fillTemplate replace the placeholders of a text: translate in the user's
// language, fillTemplate in English.
func translate(text string, values Values) string { return lang.L(text, values) }

func fillTemplate(text string, values Values) string {
	var pairs []string
	for name, value := range values {
		pairs = append(pairs, "{{."+name+"}}", value.(string))
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

func problemText(render func(text string, values Values) string, p problem.Problem) ProblemText {
	o := p.Operation
	t := ProblemText{Title: render(unknownText, nil), Detail: p.Cause}
	if text, ok := operationTexts[o.Code]; ok {
		t.Title = render(text, Values{
			"VM": o.VM, "Snapshot": o.Snapshot, "Image": o.Image, "Name": o.Name, "File": o.File, "Key": o.Key, "Value": o.Value,
		})
	}
	if p.Holder.PID != 0 {
		t.Detail = busyDetail(render, p)
	}
	if p.Code == problem.Canceled && p.Cause == "" {
		t.Detail = render(canceledText, nil)
	}
	var disk []string
	for _, s := range p.Disk {
		if text, ok := stateTexts[s.Code]; ok {
			disk = append(disk, render(text, Values{"Detail": s.Detail, "Count": strconv.Itoa(s.Count), "Size": units.Bytes(s.Bytes)}))
		}
	}
	t.Disk = strings.Join(disk, " ")
	if text, ok := hintTexts[p.Code]; ok {
		t.Hint = render(text, Values{"Command": installCommand(toolsOf(p))})
	}
	return t
}

// Texts for a problem with an unknown operation, and for a canceled operation.
const (
	unknownText  = "Something went wrong"
	canceledText = "canceled; partial data was removed"
)

func toolsOf(p problem.Problem) (tools []doctor.Tool) {
	for _, tool := range p.Tools {
		tools = append(tools, doctor.Tool(tool))
	}
	return tools
}

// operationTexts are the titles of problems, by operation.
var operationTexts = map[problem.OperationCode]string{
	problem.OpAutomaticSet:            "Could not set the automatic snapshots of VM '{{.VM}}'",
	problem.OpCommandRun:              "Could not run a command in VM '{{.VM}}'",
	problem.OpConfigRead:              "Could not read the defaults for new VMs",
	problem.OpConfigSet:               "Could not set {{.Key}}",
	problem.OpConfigUnset:             "Could not reset {{.Key}}",
	problem.OpConsoleOpen:             "Could not open the console of VM '{{.VM}}'",
	problem.OpConsoleRead:             "Could not read the console of VM '{{.VM}}'",
	problem.OpCopyIn:                  "Could not copy into VM '{{.VM}}'",
	problem.OpCopyOut:                 "Could not copy out of VM '{{.VM}}'",
	problem.OpDownloadList:            "Could not list the unfinished downloads",
	problem.OpFilesList:               "Could not list the files of VM '{{.VM}}'",
	problem.OpForwardSet:              "Could not forward {{.Value}}",
	problem.OpImageBuiltList:          "Could not list the images built from packages",
	problem.OpImageFind:               "Could not find an image of {{.Image}}",
	problem.OpImageImport:             "Could not import image '{{.Image}}' from {{.File}}",
	problem.OpImageJobCancel:          "Could not cancel the job of image '{{.Image}}'",
	problem.OpImageJobWait:            "Could not wait for image '{{.Image}}'",
	problem.OpImageList:               "Could not list the images",
	problem.OpImagePull:               "Could not download image {{.Image}}",
	problem.OpImageRemove:             "Could not remove image '{{.Image}}'",
	problem.OpJobCancel:               "Could not cancel the job of VM '{{.VM}}'",
	problem.OpJobHistory:              "Could not read the job history",
	problem.OpJobList:                 "Could not list the jobs",
	problem.OpJobWait:                 "Could not wait for VM '{{.VM}}'",
	problem.OpLogRead:                 "Could not read the log of VM '{{.VM}}'",
	problem.OpPackageInstall:          "Could not install packages in VM '{{.VM}}'",
	problem.OpPackageList:             "Could not list packages in VM '{{.VM}}'",
	problem.OpPackageRemove:           "Could not remove packages in VM '{{.VM}}'",
	problem.OpPackageSearch:           "Could not search packages in VM '{{.VM}}'",
	problem.OpPackageUpdate:           "Could not update packages in VM '{{.VM}}'",
	problem.OpPackageUpgrade:          "Could not upgrade packages in VM '{{.VM}}'",
	problem.OpShareCheck:              "Could not share that folder",
	problem.OpShareSet:                "Could not share {{.Value}}",
	problem.OpShellOpen:               "Could not open a shell in VM '{{.VM}}'",
	problem.OpSnapshotBoot:            "Could not start snapshot '{{.Snapshot}}' of VM '{{.VM}}' as a temporary VM",
	problem.OpSnapshotClone:           "Could not clone snapshot '{{.Snapshot}}' of VM '{{.VM}}' as '{{.Name}}'",
	problem.OpSnapshotCreate:          "Could not take snapshot '{{.Snapshot}}' of VM '{{.VM}}'",
	problem.OpSnapshotCreateAutomatic: "Could not take an automatic snapshot of VM '{{.VM}}'",
	problem.OpSnapshotDelete:          "Could not delete snapshot '{{.Snapshot}}' of VM '{{.VM}}'",
	problem.OpSnapshotDescribe:        "Could not describe snapshot '{{.Snapshot}}' of VM '{{.VM}}'",
	problem.OpSnapshotExport:          "Could not export snapshot '{{.Snapshot}}' of VM '{{.VM}}'",
	problem.OpSnapshotImport:          "Could not import a snapshot from {{.File}} into VM '{{.VM}}'",
	problem.OpSnapshotList:            "Could not list the snapshots of VM '{{.VM}}'",
	problem.OpSnapshotPin:             "Could not pin snapshot '{{.Snapshot}}' of VM '{{.VM}}'",
	problem.OpSnapshotPrune:           "Could not prune the snapshots of VM '{{.VM}}'",
	problem.OpSnapshotRename:          "Could not rename snapshot '{{.Snapshot}}' of VM '{{.VM}}' to '{{.Name}}'",
	problem.OpSnapshotRestore:         "Could not restore snapshot '{{.Snapshot}}' of VM '{{.VM}}'",
	problem.OpSnapshotServe:           "Could not serve snapshot '{{.Snapshot}}' of VM '{{.VM}}'",
	problem.OpSnapshotShow:            "Could not show snapshot '{{.Snapshot}}' of VM '{{.VM}}'",
	problem.OpSnapshotUnpin:           "Could not unpin snapshot '{{.Snapshot}}' of VM '{{.VM}}'",
	problem.OpSnapshotVerify:          "Could not verify snapshot '{{.Snapshot}}' of VM '{{.VM}}'",
	problem.OpSnapshotVerifyAll:       "Could not verify the snapshots of VM '{{.VM}}'",
	problem.OpSSHOpen:                 "Could not open SSH to VM '{{.VM}}'",
	problem.OpStorageShow:             "Could not read the storage usage",
	problem.OpStoreOpen:               "Could not use the store",
	problem.OpTryEnd:                  "Could not end the trial in VM '{{.VM}}'",
	problem.OpTryRun:                  "Could not try a command in VM '{{.VM}}'",
	problem.OpUndoDiscard:             "Could not discard the undo disk of VM '{{.VM}}'",
	problem.OpUndoRestore:             "Could not undo the last restore of VM '{{.VM}}'",
	problem.OpVMChange:                "Could not change VM '{{.VM}}'",
	problem.OpVMClone:                 "Could not clone VM '{{.VM}}' as '{{.Name}}'",
	problem.OpVMCreate:                "Could not create VM '{{.VM}}'",
	problem.OpVMCreateDebian:          "Could not create VM '{{.VM}}' with Debian from packages",
	problem.OpVMCreateImage:           "Could not create VM '{{.VM}}' from image {{.Image}}",
	problem.OpVMDelete:                "Could not delete VM '{{.VM}}'",
	problem.OpVMFind:                  "Could not find VM '{{.VM}}'",
	problem.OpVMKeep:                  "Could not keep VM '{{.VM}}'",
	problem.OpVMList:                  "Could not list the VMs",
	problem.OpVMPause:                 "Could not pause VM '{{.VM}}'",
	problem.OpVMRename:                "Could not rename VM '{{.VM}}' to '{{.Name}}'",
	problem.OpVMRestart:               "Could not restart VM '{{.VM}}'",
	problem.OpVMResume:                "Could not resume VM '{{.VM}}'",
	problem.OpVMStart:                 "Could not start VM '{{.VM}}'",
	problem.OpVMStop:                  "Could not stop VM '{{.VM}}'",
	problem.OpVMUse:                   "Could not make VM '{{.VM}}' active",
}

var stateTexts = map[problem.StateCode]string{
	problem.DiskUnchanged:    "The disk is unchanged.",
	problem.DiskRestored:     "The disk was restored; the previous disk is kept for undo.",
	problem.DiskUndone:       "The previous disk is back; the other one is kept for undo.",
	problem.NoSnapshotAdded:  "No snapshot was added.",
	problem.NothingAdded:     "Nothing was added.",
	problem.NothingChanged:   "Nothing was changed.",
	problem.NothingCopied:    "Nothing was copied.",
	problem.NothingCreated:   "Nothing was created.",
	problem.NothingDeleted:   "Nothing was deleted.",
	problem.NothingWritten:   "Nothing was written.",
	problem.SnapshotsKept:    "No snapshot was deleted.",
	problem.SnapshotsDeleted: "Snapshots deleted before that: {{.Count}}.",
	problem.SettingsKept:     "The settings are unchanged.",
	problem.NotDurable:       "The change was made, but a power failure may undo it.",
	problem.DownloadKept:     "The first {{.Size}} of the download are kept; the next attempt resumes there.",
	problem.VMOff:            "The VM is off: {{.Detail}}.",
	problem.VMCreated:        "The VM was created.",
	problem.VMFilesRemain:    "The VM is deleted; remove these files yourself if they are not needed.",
	problem.VMFolderRemains:  "The VM is deleted; remove the rest of its folder yourself.",
	problem.VMRemainsSwept:   "The VM is no longer in the list; the remaining files are removed when the next VM is created.",
	problem.AutomaticSkipped: "A snapshot was skipped.",
	problem.OldOnesRemain:    "A snapshot was taken, but older ones were not deleted.",
}

// hintTexts are the suggested next steps, by problem code.
var hintTexts = map[problem.Code]string{
	problem.VMRunning:           "Stop the VM first.",
	problem.VMTemporary:         "Keep the VM first.",
	problem.NoSSHServer:         "Install an SSH server in the guest.",
	problem.NoPackageManager:    "Copy programs into the guest instead.",
	problem.ForwardNotFound:     "The forward may have been removed.",
	problem.JobNotFound:         "The job may have ended already.",
	problem.VMStopped:           "Start the VM first.",
	problem.NoActiveVM:          "Create a VM, or select one.",
	problem.VMNotFound:          "The VM may have been deleted or renamed.",
	problem.StoreOfOtherUser:    "Start the program as the store's owner.",
	problem.VMOfOtherUser:       "Stop the VM as that user.",
	problem.VMListMissing:       "Put the file back.",
	problem.JSONDamaged:         "Correct that line, or move the file away.",
	problem.NotMounted:          "Mount it, or create the folder.",
	problem.DiskMissing:         "Restore a snapshot to get a disk again.",
	problem.DataLeftBehind:      "Choose another name.",
	problem.VMExists:            "Choose another name.",
	problem.ConfigFileInvalid:   "Correct that line, or move the file away.",
	problem.NewerVersion:        "Use the newer version.",
	problem.DebianUnbuildable:   "Use the built-in system, which needs nothing else.",
	problem.MirrorFailed:        "Use the built-in system, which does not need a network.",
	problem.NameInvalid:         "A name has 1 to 100 bytes: letters, digits, '.', '_', '-', starting with a letter or digit.",
	problem.SnapshotNotFound:    "The snapshot may have been deleted or renamed.",
	problem.SnapshotExists:      "Choose another name, or delete that snapshot first.",
	problem.NotSnapshot:         "A snapshot is a gzip-compressed disk.",
	problem.SnapshotSequential:  "Restore it, or create a VM from it.",
	problem.SnapshotTooLarge:    "Larger disks are not supported.",
	problem.SnapshotFileMissing: "Put the file back, or delete the snapshot.",
	problem.SnapshotDamaged:     "Restore another snapshot.",
	problem.NoInodes:            "The file system has no inodes left. Delete some files on it, of any size.",
	problem.QuotaExceeded:       "Your disk quota is used up. Delete snapshots or other files.",
	problem.NoSpace:             "Delete snapshots or other files to free some space.",
	problem.UndoNotPlaced:       "Find out what blocks that name, then try again.",
	problem.NotImage:            "An image is a file with a whole disk: raw, qcow2, VMDK, VDI, VHD, VHDX or OVA.",
	problem.ImageInUse:          "Stop that VM first, or clone it.",
	problem.ImageDamaged:        "Download the image again.",
	problem.ImageTruncated:      "Download the image again.",
	problem.ImageTooLarge:       "Choose a larger disk.",
	problem.ImageExists:         "Choose another name, or remove that image first.",
	problem.ChecksumMismatch:    "The download was discarded; try again later.",
	problem.CachedImageBroken:   "Remove the image and download it again.",
	problem.SignatureInvalid:    "The download was discarded; it may have been tampered with.",
	problem.CatalogUnreadable:   "Use a custom image.",
	problem.NoNetwork:           "Without a network, use the built-in system or a custom image.",
	problem.DownloadStalled:     "Try again.",
	problem.DownloadCut:         "Try again.",
	problem.DiskAttached:        "Unmount it, or detach that device.",
	problem.DiskChanged:         "Stop that program first, then try again.",
	problem.DiskInUse:           "Stop that QEMU first.",
	problem.DiskUnfinished:      "Start its VM and wait until its disk is complete.",
	problem.DiskSourceDamaged:   "Undo the restore, or restore another snapshot.",
	problem.DiskNotPreserved:    "Try again.",
	problem.ShareUnavailable:    "Make the folder available, or remove it from the shared folders.",
	problem.SharingUnsupported:  "Remove the shared folders.",
	problem.ForwardsFailed:      "Stop the VM and start it again.",
	problem.PortInUse:           "Stop the program that uses the port, or choose another port.",
	problem.SupervisorGone:      "Try again to start a new supervisor, or force the VM off.",
	problem.SupervisorSilent:    "Force the VM off.",
	problem.VMBusy:              "Wait until the current job is done, then try again.",
	problem.VMPaused:            "Resume the VM first.",
	problem.AgentSilent:         "Wait for the guest to finish booting, or use its console.",
	problem.NoAccelerator:       "Choose emulation in the settings.",
	problem.NoMemory:            "Reduce the VM's memory in the settings.",
	problem.PathTooLong:         "Set VMTERMINAL_HOME to a folder with a shorter path.",
	problem.SocketFolderUnsafe:  "Remove that folder, or set XDG_RUNTIME_DIR to a private folder with a short path.",
	problem.VMCannotRename:      "The folder is in a lower layer of an overlay file system. Clone the VM under the new name.",
	problem.FileExists:          "Choose another name.",
	problem.FolderNotFound:      "Create the folder, or choose another one.",
	problem.PermissionDenied:    "Find out who owns that file.",
	problem.ToolMissing:         "Install it: {{.Command}}",
}

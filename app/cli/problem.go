package cli

import (
	"strconv"
	"strings"

	"vmterminal/app"
	"vmterminal/app/doctor"
	"vmterminal/app/hostcmd"
	"vmterminal/app/problem"
	"vmterminal/app/units"
)

// message is the rendered text of a failure.
type message struct {
	// Title names the failed operation, Detail the cause, Disk the state left behind and
	// Hint the next step. All but Title may be empty.
	Title, Detail, Disk, Hint string
	Exit                      int
}

// line returns the message as one line.
func (m message) line() string { return app.Plain(problem.Line(m.Title, m.Detail, m.Disk, m.Hint)) }

// render returns the message for a problem.
func render(p problem.Problem) message {
	m := message{Title: "Something went wrong", Detail: p.Cause, Hint: withProgramName(hintText(p)), Exit: p.Exit}
	if text, ok := operationTexts[p.Operation.Code]; ok {
		m.Title = "Could not " + fillOperation(text, p.Operation)
	} else if p.Operation.Code != "" {
		m.Title = "Could not complete " + p.Operation.String()
	}
	if p.Holder.PID != 0 {
		m.Detail = describeBusy(p)
	}
	if p.DidYouMean != "" {
		m.Detail += "; did you mean '" + p.DidYouMean + "'?"
	}
	if p.Code == problem.Canceled && p.Cause == "" {
		m.Detail = "canceled; no partial results were kept"
	}
	var disk []string
	for _, s := range p.Disk {
		disk = append(disk, renderState(s))
	}
	m.Disk = strings.Join(disk, " ")
	return m
}

// renderLine renders a stored problem on one line. If p is nil, it returns text, which earlier
// versions stored instead.
func renderLine(p *problem.Problem, text string) string {
	if p == nil {
		return text
	}
	return render(*p).line()
}

func fillOperation(text string, o problem.Operation) string {
	vm := "the active VM"
	if o.VM != "" {
		vm = "VM '" + o.VM + "'"
	}
	return strings.NewReplacer("{vm}", vm, "{snapshot}", o.Snapshot, "{image}", o.Image, "{name}", o.Name,
		"{file}", o.File, "{key}", o.Key, "{value}", o.Value).Replace(text)
}

// renderState describes the state that a failure left behind. An unknown code is returned as
// is.
func renderState(s problem.State) string {
	text, ok := stateTexts[s.Code]
	if !ok {
		text = string(s.Code) + "."
	}
	return strings.NewReplacer("{detail}", s.Detail, "{count}", strconv.Itoa(s.Count), "{size}", units.Bytes(s.Bytes)).Replace(text)
}

// hintText returns the next step after a failure, or "" if none is known.
func hintText(p problem.Problem) string {
	if p.Code == problem.ToolMissing {
		return "Install it: " + installText(toolsOf(p))
	}
	return hintTexts[p.Code]
}

func toolsOf(p problem.Problem) (tools []doctor.Tool) {
	for _, tool := range p.Tools {
		tools = append(tools, doctor.Tool(tool))
	}
	return tools
}

// renderNote returns the text of a note. An unknown code is returned as is.
func renderNote(n problem.Note) string {
	text, ok := noteTexts[n.Code]
	if !ok {
		text = string(n.Code)
	}
	return strings.NewReplacer("{path}", n.Path, "{quoted}", hostcmd.Quote(n.Path), "{target}", n.Target, "{user}", n.User,
		"{mode}", n.Mode, "{detail}", n.Detail).Replace(text)
}

var noteTexts = map[problem.NoteCode]string{
	problem.NoteUndoNotPlaced:   "The undo disk is {path}, because it could not be renamed to {target}: {detail}.",
	problem.NoteStoreOtherOwner: "The store {path} belongs to {user}, who can change everything in it.",
	problem.NoteStoreOpen:       "All users on this computer can change the store {path}. To prevent that: chmod {mode} {quoted}",
}

// operationTexts maps operations to texts that complete "Could not …".
var operationTexts = map[problem.OperationCode]string{
	problem.OpAutomaticSet:            "set the automatic snapshots of {vm}",
	problem.OpCommandRun:              "run a command in {vm}",
	problem.OpConfigRead:              "read the defaults for new VMs",
	problem.OpConfigSet:               "set {key}",
	problem.OpConfigUnset:             "unset {key}",
	problem.OpConsoleOpen:             "open the console of {vm}",
	problem.OpConsoleRead:             "read the console of {vm}",
	problem.OpCopyIn:                  "copy into {vm}",
	problem.OpCopyOut:                 "copy out of {vm}",
	problem.OpDownloadList:            "list the downloads",
	problem.OpFilesList:               "list the files of {vm}",
	problem.OpForwardSet:              "forward {value}",
	problem.OpImageBuiltList:          "list the images built from packages",
	problem.OpImageFind:               "find an image of {image}",
	problem.OpImageImport:             "import image '{image}' from {file}",
	problem.OpImageJobCancel:          "cancel the job of image '{image}'",
	problem.OpImageJobWait:            "wait for image '{image}'",
	problem.OpImageList:               "list the images",
	problem.OpImagePull:               "download image {image}",
	problem.OpImageRemove:             "remove image '{image}'",
	problem.OpJobCancel:               "cancel the job of {vm}",
	problem.OpJobHistory:              "read the job history",
	problem.OpJobList:                 "list the jobs",
	problem.OpJobWait:                 "wait for {vm}",
	problem.OpLogRead:                 "read the log of {vm}",
	problem.OpPackageInstall:          "install packages in {vm}",
	problem.OpPackageList:             "list packages in {vm}",
	problem.OpPackageRemove:           "remove packages in {vm}",
	problem.OpPackageSearch:           "search packages in {vm}",
	problem.OpPackageUpdate:           "update packages in {vm}",
	problem.OpPackageUpgrade:          "upgrade packages in {vm}",
	problem.OpShareCheck:              "share that folder",
	problem.OpShareSet:                "share {value}",
	problem.OpShellOpen:               "open a shell in {vm}",
	problem.OpSnapshotBoot:            "start snapshot '{snapshot}' of {vm} as a temporary VM",
	problem.OpSnapshotClone:           "clone snapshot '{snapshot}' of {vm} as '{name}'",
	problem.OpSnapshotCreate:          "take snapshot '{snapshot}' of {vm}",
	problem.OpSnapshotCreateAutomatic: "take an automatic snapshot of {vm}",
	problem.OpSnapshotDelete:          "delete snapshot '{snapshot}' of {vm}",
	problem.OpSnapshotDescribe:        "describe snapshot '{snapshot}' of {vm}",
	problem.OpSnapshotExport:          "export snapshot '{snapshot}' of {vm}",
	problem.OpSnapshotImport:          "import a snapshot from {file} into {vm}",
	problem.OpSnapshotList:            "list the snapshots of {vm}",
	problem.OpSnapshotPin:             "pin snapshot '{snapshot}' of {vm}",
	problem.OpSnapshotPrune:           "prune the snapshots of {vm}",
	problem.OpSnapshotRename:          "rename snapshot '{snapshot}' to '{name}' of {vm}",
	problem.OpSnapshotRestore:         "restore snapshot '{snapshot}' of {vm}",
	problem.OpSnapshotServe:           "serve snapshot '{snapshot}' of {vm}",
	problem.OpSnapshotShow:            "show snapshot '{snapshot}' of {vm}",
	problem.OpSnapshotUnpin:           "unpin snapshot '{snapshot}' of {vm}",
	problem.OpSnapshotVerify:          "verify snapshot '{snapshot}' of {vm}",
	problem.OpSnapshotVerifyAll:       "verify the snapshots of {vm}",
	problem.OpSSHOpen:                 "open SSH to {vm}",
	problem.OpStorageShow:             "read the storage usage",
	problem.OpStoreOpen:               "use the store",
	problem.OpTryEnd:                  "end the try in {vm}",
	problem.OpTryRun:                  "try a command in {vm}",
	problem.OpUndoDiscard:             "discard the undo disk of {vm}",
	problem.OpUndoRestore:             "undo the last restore of {vm}",
	problem.OpVMChange:                "change {vm}",
	problem.OpVMClone:                 "clone {vm} as '{name}'",
	problem.OpVMCreate:                "create {vm}",
	problem.OpVMCreateDebian:          "create {vm} with Debian from packages",
	problem.OpVMCreateImage:           "create {vm} from image {image}",
	problem.OpVMDelete:                "delete {vm}",
	problem.OpVMFind:                  "find {vm}",
	problem.OpVMKeep:                  "keep {vm}",
	problem.OpVMList:                  "list the VMs",
	problem.OpVMPause:                 "pause {vm}",
	problem.OpVMRename:                "rename {vm} to '{name}'",
	problem.OpVMRestart:               "start {vm} again",
	problem.OpVMResume:                "resume {vm}",
	problem.OpVMStart:                 "start {vm}",
	problem.OpVMStop:                  "stop {vm}",
	problem.OpVMUse:                   "use {vm}",
}

var stateTexts = map[problem.StateCode]string{
	problem.DiskUnchanged:    "The disk is unchanged.",
	problem.DiskRestored:     "The snapshot was restored; the replaced disk is kept for undo.",
	problem.DiskUndone:       "The restore was undone; the replaced disk is kept for undo.",
	problem.NoSnapshotAdded:  "No snapshot was added.",
	problem.NothingAdded:     "Nothing was added.",
	problem.NothingChanged:   "Nothing was changed.",
	problem.NothingCopied:    "Nothing was copied.",
	problem.NothingCreated:   "Nothing was created.",
	problem.NothingDeleted:   "Nothing was deleted.",
	problem.NothingWritten:   "Nothing was written.",
	problem.SnapshotsKept:    "No snapshot was deleted.",
	problem.SnapshotsDeleted: "Snapshots deleted before the failure: {count}.",
	problem.SettingsKept:     "Its settings are unchanged.",
	problem.NotDurable:       "The operation is complete, but a power failure may undo it.",
	problem.DownloadKept:     "The first {size} of the download are kept; the next attempt continues there.",
	problem.VMOff:            "The VM is off: {detail}.",
	problem.VMCreated:        "The VM was created.",
	problem.VMFilesRemain:    "The VM is deleted; remove these files yourself if you do not need them.",
	problem.VMFolderRemains:  "The VM is deleted; remove the rest of its folder yourself.",
	problem.VMRemainsSwept:   "The VM is deleted; the rest of its folder is removed when the next VM is created.",
	problem.AutomaticSkipped: "One automatic snapshot was skipped.",
	problem.OldOnesRemain:    "The snapshot was taken, but older ones were not deleted.",
}

// hintTexts maps failures to the next step.
var hintTexts = map[problem.Code]string{
	problem.VMRunning:           "Stop it first: vmterminal stop",
	problem.VMTemporary:         "Keep it first: vmterminal vm keep",
	problem.NoSSHServer:         "Install one in it, for example: vmterminal pkg install openssh-server",
	problem.NoPackageManager:    "Copy programs in: vmterminal cp",
	problem.ForwardNotFound:     "List them: vmterminal vm show",
	problem.JobNotFound:         "List running jobs: vmterminal job list",
	problem.VMStopped:           "Start it first: vmterminal run",
	problem.NoActiveVM:          "Create one: vmterminal vm create default; or select one: vmterminal vm use NAME",
	problem.VMNotFound:          "List the VMs: vmterminal vm list",
	problem.StoreOfOtherUser:    "Run it as the store's owner, without sudo, or set VMTERMINAL_HOME to a store owned by root",
	problem.VMOfOtherUser:       "Stop it as that user; to see who owns which files: vmterminal doctor",
	problem.VMListMissing:       "Put the file back, or add each VM again: vmterminal vm create NAME --reuse-data",
	problem.JSONDamaged:         "Fix that line, or move the file away",
	problem.NotMounted:          "Mount it, or create the folder",
	problem.DiskMissing:         "Restore a snapshot to get a disk again: vmterminal snapshot list",
	problem.DataLeftBehind:      "Reuse it with --reuse-data, or choose another name",
	problem.VMExists:            "Choose another name",
	problem.ConfigFileInvalid:   "Fix that line, or move the file away",
	problem.SettingUnknown:      "List them: vmterminal config get",
	problem.NewerVersion:        "Use the newer version of VMTerminal",
	problem.DebianUnbuildable:   "The built-in guest needs nothing: vmterminal vm create NAME",
	problem.MirrorFailed:        "The built-in guest needs no network: vmterminal vm create NAME",
	problem.NameInvalid:         "A name has 1 to 100 bytes: letters, digits, '.', '_', '-', starting with a letter or digit",
	problem.SnapshotNotFound:    "List the snapshots: vmterminal snapshot list",
	problem.SnapshotExists:      "Choose another name, or delete that one first",
	problem.NotSnapshot:         "A snapshot is a gzip file of a disk",
	problem.SnapshotSequential:  "Restore or clone it instead, or decompress a copy with gzip",
	problem.SnapshotTooLarge:    "Larger disks are not supported",
	problem.RetentionInvalid:    "Use --keep-last, --keep-daily or --keep-weekly",
	problem.SnapshotFileMissing: "Put the file back, or remove the entry: vmterminal snapshot delete NAME",
	problem.SnapshotDamaged:     "Restore another snapshot: vmterminal snapshot list",
	problem.NoInodes:            "The file system has no inodes left: delete some files on it, of any size",
	problem.QuotaExceeded:       "Your disk quota is used up: delete files, for example: vmterminal snapshot delete NAME",
	problem.NoSpace:             "Free some space, for example: vmterminal snapshot delete NAME",
	problem.UndoNotPlaced:       "Find out what blocks that name (ls -l, lsattr), then try again",
	problem.NotImage:            "An image is a file of a whole disk: raw, qcow2, VMDK, VDI, VHD, VHDX or OVA",
	problem.ImageInUse:          "Stop that VM first, or create the new one from its snapshot: vmterminal snapshot clone",
	problem.ImageDamaged:        "Download the image again",
	problem.ImageTruncated:      "Download the image again, or use it as it is: --force",
	problem.ImageTooLarge:       "Use a larger disk: --disk-size SIZE",
	problem.ImageNotFound:       "List the images: vmterminal image list",
	problem.ImageExists:         "Choose another name, or remove that one first: vmterminal image rm NAME",
	problem.ChecksumMismatch:    "The download was discarded; try again later",
	problem.CachedImageBroken:   "Remove it and download it again: vmterminal image rm NAME",
	problem.ImageNotInCatalog:   "List the images: vmterminal image list",
	problem.SignatureInvalid:    "The download was discarded; it may have been tampered with",
	problem.CatalogUnreadable:   "Use your own image: vmterminal vm create NAME --image FILE",
	problem.NoNetwork:           "Without a network, use the built-in guest (vmterminal vm create NAME), Debian from a mirror (--distro debian --from-packages) or your own image (--image FILE)",
	problem.DownloadStalled:     "Try again",
	problem.DownloadCut:         "Try again",
	problem.DiskAttached:        "Unmount it first, or detach that device: losetup --detach",
	problem.DiskChanged:         "Stop the program that writes to it, then try again",
	problem.DiskInUse:           "Stop that QEMU first",
	problem.DiskNotPreserved:    "Try again",
	problem.DiskUnfinished:      "Start its VM and wait until 'vmterminal status' no longer shows that the disk is being filled in",
	problem.DiskSourceDamaged:   "Undo the restore: vmterminal snapshot undo; or restore another snapshot: vmterminal snapshot list",
	problem.ShareUnavailable:    "Fix this, or stop sharing the folder: vmterminal vm set NAME --remove-share DIR",
	problem.SharingUnsupported:  "Remove the shares: vmterminal vm set NAME --clear-shares",
	problem.ForwardsFailed:      "List the forwards: vmterminal vm show; or stop the VM and start it again",
	problem.PortInUse:           "Stop the program that uses it, or choose another port: vmterminal vm set --help",
	problem.SupervisorGone:      "Try again, which starts a new supervisor; or force it off: vmterminal stop --force",
	problem.SupervisorSilent:    "Force it off: vmterminal stop --force",
	problem.VMBusy:              "Wait until that is done, then try again",
	problem.VMPaused:            "Resume it first: vmterminal resume",
	problem.AgentSilent:         "Wait for the guest to finish booting, or use its console: vmterminal run",
	problem.NoAccelerator:       "Use emulation: vmterminal run --accel tcg",
	problem.NoMemory:            "Give it less memory: vmterminal vm set NAME --memory SIZE",
	problem.PathTooLong:         "Set VMTERMINAL_HOME to a folder with a shorter path",
	problem.SocketFolderUnsafe:  "Remove that folder, or set XDG_RUNTIME_DIR to a private folder with a short path",
	problem.VMCannotRename:      "The folder is in a lower layer of an overlay file system. Clone the VM under the new name: vmterminal vm clone NAME NEW-NAME",
	problem.FileExists:          "Choose another name",
	problem.FolderNotFound:      "Create it first, or choose another one",
	problem.PermissionDenied:    "To see who owns which files: vmterminal doctor",
	problem.IsFolder:            "Copy it with --recursive",
}

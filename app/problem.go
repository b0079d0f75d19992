package app

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"
	"syscall"

	"vmterminal/app/config"
	"vmterminal/app/doctor"
	"vmterminal/app/guestfiles"
	"vmterminal/app/job"
	"vmterminal/app/problem"
	"vmterminal/app/spelling"
	"vmterminal/snapshot"
	"vmterminal/snapshot/diskfile"
	"vmterminal/snapshot/durable"
	"vmterminal/snapshot/durable/lazydisk"
	"vmterminal/vm"
	"vmterminal/vm/agent"
	"vmterminal/vm/debian"
	"vmterminal/vm/image"
	"vmterminal/vm/image/cache"
	"vmterminal/vm/image/catalog"
	"vmterminal/vm/image/fetch"
	"vmterminal/vm/qemu"
	"vmterminal/vm/supervisor/client"
)

// errorCode assigns a code to an error.
type errorCode struct {
	is   error
	code problem.Code
}

// errorCodes lists all errors that have a code. The first match applies.
var errorCodes = []errorCode{
	{context.Canceled, problem.Canceled},
	{ErrRunning, problem.VMRunning},
	{ErrState, problem.WrongState},
	{ErrTemporary, problem.VMTemporary},
	{ErrNoBoot, problem.BootFailed},
	{guestfiles.ErrCopy, problem.CopyFailed},
	{guestfiles.ErrIsFolder, problem.IsFolder},
	{ErrNoSSHServer, problem.NoSSHServer},
	{ErrNoSSH, problem.ToolMissing},
	{ErrNoPackages, problem.NoPackageManager},
	{ErrNoForward, problem.ForwardNotFound},
	{ErrNoJob, problem.JobNotFound},
	{ErrStopped, problem.VMStopped},
	{vm.ErrNoActive, problem.NoActiveVM},
	{vm.ErrNotFound, problem.VMNotFound},
	{ErrOtherOwner, problem.StoreOfOtherUser},
	{client.ErrOtherUser, problem.VMOfOtherUser},
	{vm.ErrNoList, problem.VMListMissing},
	{durable.ErrJSON, problem.JSONDamaged},
	{durable.ErrNotMounted, problem.NotMounted},
	{vm.ErrNoDisk, problem.DiskMissing},
	{vm.ErrDataExists, problem.DataLeftBehind},
	{vm.ErrExists, problem.VMExists},
	{config.ErrFile, problem.ConfigFileInvalid},
	{config.ErrUnknownSetting, problem.SettingUnknown},
	{vm.ErrBadConfig, problem.SettingInvalid},
	{vm.ErrNewer, problem.NewerVersion},
	{debian.ErrRelease, problem.ReleaseUnknown},
	{debian.ErrTools, problem.ToolMissing},
	{debian.ErrHost, problem.DebianUnbuildable},
	{debian.ErrMirror, problem.MirrorFailed},
	{vm.ErrBroken, problem.VMBroken},
	{durable.ErrBadName, problem.NameInvalid},
	{snapshot.ErrNotFound, problem.SnapshotNotFound},
	{snapshot.ErrExists, problem.SnapshotExists},
	{snapshot.ErrNotSnapshot, problem.NotSnapshot},
	{snapshot.ErrSequential, problem.SnapshotSequential},
	{snapshot.ErrTooLarge, problem.SnapshotTooLarge},
	{snapshot.ErrBadKeep, problem.RetentionInvalid},
	{snapshot.ErrNoUndo, problem.NothingToUndo},
	{snapshot.ErrUnchanged, problem.SnapshotUnchanged},
	{snapshot.ErrMissing, problem.SnapshotFileMissing},
	{snapshot.ErrBadDescription, problem.DescriptionInvalid},
	{snapshot.ErrDamaged, problem.SnapshotDamaged},
	{snapshot.ErrNewer, problem.NewerVersion},
	{snapshot.ErrNoSpace, problem.NoSpace},
	{syscall.ENOSPC, problem.NoSpace},
	{syscall.EDQUOT, problem.NoSpace},
	{snapshot.ErrUndoNotPlaced, problem.UndoNotPlaced},
	{image.ErrNotImage, problem.NotImage},
	{errImageInUse, problem.ImageInUse},
	{image.ErrDamaged, problem.ImageDamaged},
	{image.ErrCutShort, problem.ImageTruncated},
	{image.ErrTooLarge, problem.ImageTooLarge},
	{cache.ErrNotFound, problem.ImageNotFound},
	{cache.ErrExists, problem.ImageExists},
	{cache.ErrChecksum, problem.ChecksumMismatch},
	{cache.ErrBroken, problem.CachedImageBroken},
	{catalog.ErrUnknown, problem.ImageNotInCatalog},
	{catalog.ErrSignature, problem.SignatureInvalid},
	{catalog.ErrForm, problem.CatalogUnreadable},
	{fetch.ErrNoNetwork, problem.NoNetwork},
	{fetch.ErrStalled, problem.DownloadStalled},
	{fetch.ErrCut, problem.DownloadCut},
	{fetch.ErrRedirect, problem.RedirectRefused},
	{fetch.ErrTooLarge, problem.DownloadTooLarge},
	{image.ErrNoTool, problem.ToolMissing},
	{client.ErrNotPreserved, problem.DiskNotPreserved},
	{qemu.ErrDiskAttached, problem.DiskAttached},
	{snapshot.ErrDiskChanged, problem.DiskChanged},
	{qemu.ErrDiskInUse, problem.DiskInUse},
	{lazydisk.ErrLazy, problem.DiskUnfinished},
	{lazydisk.ErrDamaged, problem.DiskSourceDamaged},
	{lazydisk.ErrNewer, problem.NewerVersion},
	{qemu.ErrNoQEMU, problem.ToolMissing},
	{qemu.ErrNoFirmware, problem.ToolMissing},
	{client.ErrShare, problem.ShareUnavailable},
	{qemu.ErrNoSharing, problem.SharingUnsupported},
	{ErrNoShare, problem.ShareNotFound},
	{client.ErrForwards, problem.ForwardsFailed},
	{client.ErrPort, problem.PortInUse},
	{client.ErrNotRunning, problem.VMStopped},
	{client.ErrSupervisorGone, problem.SupervisorGone},
	{client.ErrNotAnswering, problem.SupervisorSilent},
	{client.ErrBusy, problem.VMBusy},
	{ErrNoCommand, problem.CommandNotFound},
	{ErrNotExecutable, problem.CommandNotExecutable},
	{client.ErrPaused, problem.VMPaused},
	{agent.ErrRestarted, problem.GuestRestarted},
	{client.ErrNoAgent, problem.AgentSilent},
	{qemu.ErrNoAccelerator, problem.NoAccelerator},
	{qemu.ErrNoMemory, problem.NoMemory},
	{qemu.ErrPathTooLong, problem.PathTooLong},
	{client.ErrSocketDir, problem.SocketFolderUnsafe},
	{durable.ErrLocked, problem.VMBusy},
	{vm.ErrFilesRemain, problem.VMRemains},
	{vm.ErrFolderRemains, problem.VMRemains},
	{vm.ErrCannotRename, problem.VMCannotRename},
	{syscall.ENOTEMPTY, problem.FolderNotEmpty}, // also matches fs.ErrExist
	{fs.ErrExist, problem.FileExists},
	{ErrNoFolder, problem.FolderNotFound},
	{fs.ErrNotExist, problem.FileNotFound},
	{fs.ErrPermission, problem.PermissionDenied},
	{syscall.EROFS, problem.ReadOnly},
	{syscall.EIO, problem.IOError},
	{syscall.ECONNREFUSED, problem.ConnectionRefused},
	{context.DeadlineExceeded, problem.TimedOut},
	{os.ErrDeadlineExceeded, problem.TimedOut},
	{syscall.ETIMEDOUT, problem.TimedOut},
}

// Explain converts an error to a [problem.Problem], whose texts are safe to display.
func Explain(err error) problem.Problem {
	p := problem.Problem{Code: problem.Unknown}
	var f *Failure
	if errors.As(err, &f) {
		p.Operation, p.Disk, err = f.Operation, f.Disk, f.Err
	}
	if partial := (*fetch.PartKept)(nil); errors.As(err, &partial) {
		p.Disk = append(slices.Clone(p.Disk), problem.State{Code: problem.DownloadKept, Bytes: partial.Bytes})
	}
	if errors.Is(err, durable.ErrNotDurable) && !errors.Is(err, snapshot.ErrNotDurable) {
		p.Disk = []problem.State{{Code: problem.NotDurable}}
	}
	p.Cause = strings.TrimSpace(err.Error())
	for _, c := range errorCodes {
		if errors.Is(err, c.is) {
			p.Code = c.code
			break
		}
	}
	if unknown := (*durable.UnknownNameError)(nil); errors.As(err, &unknown) {
		p.DidYouMean = spelling.Nearest(unknown.Name, unknown.Known)
	}
	if busy := (*durable.Busy)(nil); p.Code == problem.VMBusy && errors.As(err, &busy) {
		p.Holder = holderFromLock(busy.Holder)
	}
	if unstopped := (*cancelTimeoutError)(nil); p.Code == problem.WrongState && errors.As(err, &unstopped) {
		p.Holder = holderFromLock(unstopped.Holder)
	}
	if p.Code == problem.NoSpace {
		p.Code = noSpaceCode(err)
	}
	if p.Code == problem.ToolMissing {
		p.Tools = missingTools(err)
	}
	p.Args = problemArgs(err)
	p.Exit = p.Code.Exit()
	if p.Code == problem.Canceled && !errors.As(err, new(job.Interrupted)) {
		p.Cause = ""
	}
	return p.Map(Plain)
}

// problemArgs returns the arguments in an error.
func problemArgs(err error) problem.Args {
	if full := (*snapshot.NoSpace)(nil); errors.As(err, &full) {
		return problem.Args{Path: full.Dir, Needed: full.Needed, Free: full.Free}
	}
	if wrong := (*durable.JSONError)(nil); errors.As(err, &wrong) {
		return problem.Args{Path: wrong.Path, Line: wrong.Line}
	}
	args := problem.Args{Path: errorPath(err)}
	if damage := (*snapshot.Damage)(nil); errors.As(err, &damage) {
		args.DamagedMiB = damage.Chunk + 1
	}
	return args
}

// errorPath returns the path in an error of the system, or "".
func errorPath(err error) string {
	if p := (*fs.PathError)(nil); errors.As(err, &p) {
		return p.Path
	}
	if l := (*os.LinkError)(nil); errors.As(err, &l) {
		return l.New
	}
	return ""
}

func holderFromLock(h durable.Holder) problem.Holder {
	return problem.Holder{PID: h.PID, Activity: h.Activity.Code, Name: h.Activity.Name}
}

// plainProblem returns a copy of a stored problem whose texts are safe to display, or nil if p
// is nil.
func plainProblem(p *problem.Problem) *problem.Problem {
	if p == nil {
		return nil
	}
	safe := p.Map(Plain)
	return &safe
}

// noSpaceCode returns the code that says what was used up when err occurred: the file system's
// space, its inodes or the user's quota.
func noSpaceCode(err error) problem.Code {
	full := &snapshot.NoSpace{}
	errors.As(err, &full)
	path := errorPath(err)
	switch {
	case full.Lack == snapshot.LackQuota || errors.Is(err, syscall.EDQUOT):
		return problem.QuotaExceeded
	case full.Lack == snapshot.LackInodes || path != "" && !diskfile.HasFreeInodes(doctor.ExistingFolder(path)):
		return problem.NoInodes
	}
	return problem.NoSpace
}

// missingTools returns the programs that must be installed to avoid err.
func missingTools(err error) (names []string) {
	tools := doctor.MissingTools(err)
	if errors.Is(err, ErrNoSSH) {
		tools = []doctor.Tool{doctor.SSH}
	}
	for _, tool := range tools {
		names = append(names, string(tool))
	}
	return names
}

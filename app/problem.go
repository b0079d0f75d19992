package app

import (
	"context"
	"errors"
	"io/fs"
	"strings"
	"syscall"

	"vmterminal/app/ondisk"
	"vmterminal/snapshot"
	"vmterminal/vm"
	"vmterminal/vm/agent"
	"vmterminal/vm/debian"
	"vmterminal/vm/host"
	"vmterminal/vm/image"
	"vmterminal/vm/image/cache"
	"vmterminal/vm/image/catalogue"
	"vmterminal/vm/image/fetch"
	"vmterminal/vm/qemu"
)

// Problem is an error as people are told of it, in dialogs and by commands
// alike.
type Problem struct {
	// Title is what failed, in a few words; Detail the cause, in one line.
	Title, Detail string
	// Disk says what state the disk is in, "" where no disk is concerned.
	Disk string
	// Hint is the next step, "" if there is none to tell.
	Hint string
	// Exit is the exit code of a command.
	Exit int
	// Doing is what the Title says "Could not" before, and Left the sentences of
	// Disk, for who says them in another language. Doing is the zero value when it
	// is not known.
	Doing Phrase
	Left  []Phrase
}

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

// Line is the whole problem in one line.
func (p Problem) Line() string {
	var b strings.Builder
	b.WriteString(p.Title)
	for i, part := range []string{p.Detail, p.Disk, p.Hint} {
		if part == "" {
			continue
		}
		if i == 0 {
			b.WriteString(": ")
		} else {
			if !strings.HasSuffix(b.String(), ".") && !strings.HasSuffix(b.String(), "?") {
				b.WriteByte('.')
			}
			b.WriteByte(' ')
		}
		b.WriteString(part)
	}
	return Plain(b.String())
}

// cause is a row of the table of errors.
type cause struct {
	is   error
	exit int
	hint string
}

// causes is the one table that tells what an error means. The first that
// matches counts.
var causes = []cause{
	{context.Canceled, ExitInterrupted, ""},
	{ErrRunning, ExitState, "Stop it first: vmterminal stop"},
	{errStoppedAlready, ExitState, ""},
	{ErrState, ExitState, ""},
	{ErrCopy, ExitFailure, ""},
	{ErrNoSSHServer, ExitState, "Install one in it, for example: vmterminal pkg install openssh-server"},
	{ErrNoSSH, ExitFailure, "Install it: apt-get install openssh-client"},
	{ErrNoPackages, ExitState, "Copy programs in: vmterminal cp"},
	{ErrNoForward, ExitNotFound, "See which there are: vmterminal vm show"},
	{ErrNoJob, ExitNotFound, "See what runs: vmterminal job list"},
	{ErrStopped, ExitState, "Start it first: vmterminal run"},
	{vm.ErrNoActive, ExitNotFound, "Create one: vmterminal vm create default; or choose one: vmterminal vm use NAME"},
	{vm.ErrNotFound, ExitNotFound, "See which there are: vmterminal vm list"},
	{vm.ErrNoDisk, ExitState, "Restore a snapshot to get a disk again: vmterminal snapshot list"},
	{vm.ErrLeftData, ExitState, "Take it over with --adopt, or choose another name"},
	{vm.ErrExists, ExitState, "Choose another name"},
	{errConfigFile, ExitFailure, "Mend that line, or move the file away"},
	{errUnknownKey, ExitUsage, "See them all: vmterminal config get"},
	{vm.ErrBadConfig, ExitUsage, ""},
	{vm.ErrNewer, ExitState, "Use the newer version"},
	{debian.ErrRelease, ExitUsage, ""},
	{debian.ErrTools, ExitFailure, ""},
	{debian.ErrHost, ExitFailure, "The built-in guest needs nothing: vmterminal vm create NAME"},
	{debian.ErrMirror, ExitFailure, "The built-in guest needs no network: vmterminal vm create NAME"},
	{vm.ErrBroken, ExitState, ""},
	{ondisk.ErrBadName, ExitUsage, "A name has 1 to 100 bytes: letters, digits, '.', '_', '-', starting with a letter or digit"},
	{snapshot.ErrNotFound, ExitNotFound, "See which there are: vmterminal snapshot list"},
	{snapshot.ErrExists, ExitState, "Choose another name, or delete that one first"},
	{snapshot.ErrNotSnapshot, ExitDamaged, "A snapshot is a gzip file of a disk"},
	{snapshot.ErrTooLarge, ExitFailure, "Nothing larger can be used"},
	{snapshot.ErrBadKeep, ExitUsage, "Say it with --keep-last, --keep-daily or --keep-weekly"},
	{snapshot.ErrNoUndo, ExitNotFound, ""},
	{snapshot.ErrUnchanged, ExitState, ""},
	{snapshot.ErrMissing, ExitNotFound, "Put the file back, or remove the row: vmterminal snapshot delete NAME"},
	{snapshot.ErrBadDescription, ExitUsage, ""},
	{snapshot.ErrDamaged, ExitDamaged, "Restore another snapshot: vmterminal snapshot list"},
	{snapshot.ErrNewer, ExitState, "Use the newer version"},
	{snapshot.ErrNoSpace, ExitNoSpace, "Free some space, for example: vmterminal snapshot delete NAME"},
	{syscall.ENOSPC, ExitNoSpace, "Free some space, for example: vmterminal snapshot delete NAME"},
	{syscall.EDQUOT, ExitNoSpace, "Free some space, for example: vmterminal snapshot delete NAME"},
	{image.ErrNotImage, ExitUsage, "An image is a raw or qcow2 file of a whole disk, packed with gzip, xz or zstd or not packed"},
	{errImageChanges, ExitState, "Stop that VM first, or make the new one from its snapshot: vmterminal snapshot clone"},
	{image.ErrDamaged, ExitDamaged, "Get the image anew"},
	{image.ErrTooLarge, ExitUsage, "Ask for a larger disk: --disk-size MB"},
	{cache.ErrNotFound, ExitNotFound, "See which there are: vmterminal image list"},
	{cache.ErrExists, ExitState, "Choose another name, or remove that one first: vmterminal image rm NAME"},
	{cache.ErrChecksum, ExitDamaged, "Nothing of it was used; try again later"},
	{cache.ErrBroken, ExitDamaged, "Remove it and get it anew: vmterminal image rm NAME"},
	{catalogue.ErrUnknown, ExitNotFound, "See what there is: vmterminal image list"},
	{catalogue.ErrSignature, ExitDamaged, "Nothing of it was used; somebody may have changed it on the way"},
	{catalogue.ErrForm, ExitFailure, "Use an image of your own: vmterminal vm create NAME --image FILE"},
	{fetch.ErrNoNetwork, ExitFailure, "Without it there are the built-in guest (vmterminal vm create NAME), Debian from a mirror (--distro debian --from-packages) and images of your own (--image FILE)"},
	{fetch.ErrStalled, ExitFailure, "What has come is kept: try again, and it goes on from there"},
	{fetch.ErrCut, ExitFailure, "What has come is kept: try again, and it goes on from there"},
	{fetch.ErrRedirect, ExitFailure, ""},
	{fetch.ErrTooLarge, ExitDamaged, ""},
	{image.ErrNoTool, ExitFailure, "Install it: apt-get install qemu-utils"},
	{qemu.ErrDiskInUse, ExitState, "End that QEMU first"},
	{qemu.ErrNoQEMU, ExitFailure, "Install it: apt-get install qemu-system-x86 qemu-utils"},
	{qemu.ErrNoFirmware, ExitFailure, "Install it: apt-get install ovmf"},
	{host.ErrShare, ExitState, "Mend that, or take it away: vmterminal vm set NAME --no-share DIR"},
	{qemu.ErrNoSharing, ExitFailure, "Take the folders away: vmterminal vm set NAME --no-shares"},
	{ErrNoShare, ExitNotFound, ""},
	{host.ErrForwards, ExitFailure, "See what leads into the guest: vmterminal vm show; or stop it and start it again"},
	{host.ErrPort, ExitState, "End what has it, or take another one: vmterminal vm set --help"},
	{host.ErrNotRunning, ExitState, "Start it first: vmterminal run"},
	{host.ErrHostGone, ExitState, "Try again, which gives it a new one; or end it: vmterminal stop --force"},
	{host.ErrNotAnswering, ExitState, "End it: vmterminal stop --force"},
	{host.ErrBusy, ExitState, "Wait until that is done, then try again"},
	{agent.ErrNotFound, ExitNotFound, ""},
	{host.ErrNoAgent, ExitState, "Wait for the guest to finish booting, or use its console: vmterminal run"},
	{qemu.ErrNoAccelerator, ExitFailure, "Use emulation: vmterminal run --accel tcg"},
	{qemu.ErrPathTooLong, ExitFailure, "Set VMTERMINAL_HOME to a folder with a shorter path"},
	{ondisk.ErrLocked, ExitState, "Wait until that is done, then try again"},
	{fs.ErrExist, ExitState, "Choose another name"},
	{ErrNoFolder, ExitNotFound, "Make it first, or choose another one"},
	{fs.ErrNotExist, ExitNotFound, ""},
	{fs.ErrPermission, ExitFailure, "Check who owns the folder of the store"},
}

// couldNot is what a Failure's Doing completes in a title.
const couldNot = "Could not "

// Explain turns an error into what people are told.
func Explain(err error) Problem {
	p := Problem{Title: "It did not work", Exit: ExitFailure}
	var f *Failure
	if errors.As(err, &f) {
		p.Title, p.Doing, p.Left, err = couldNot+f.Doing.String(), f.Doing, f.left(), f.Err
	}
	if errors.Is(err, ondisk.ErrNotDurable) && !errors.Is(err, snapshot.ErrNotDurable) {
		p.Left = []Phrase{{Format: unsafely}}
	}
	p.Disk = said(p.Left)
	p.Detail = Plain(strings.TrimSpace(err.Error()))
	for _, c := range causes {
		if errors.Is(err, c.is) {
			p.Exit, p.Hint = c.exit, c.hint
			break
		}
	}
	if p.Exit == ExitInterrupted && !errors.As(err, new(interrupted)) {
		p.Detail = "cancelled; nothing is left of it"
	}
	return p
}

// Package home names every file of the store: [Dir] is its folder, [VMDir] the folder of one
// VM, [ImageDir] the folder of one cached image. It only returns paths; the packages that
// read and write a file document its contents. It must not import any package of this module
// except snapshot/durable.
//
//	~/.vmterminal/                 Dir              or $VMTERMINAL_HOME, if set
//	├── config.yaml                Dir.Config       defaults for new VMs, preferences
//	├── vms.json                   Dir.VMs          the list of VMs
//	├── active                     Dir.Active       name of the active VM
//	├── store.lock                 Dir.Lock         held while vms.json, active or config.yaml change
//	├── jobs.log                   Dir.JobLog       results of jobs, one JSON object per line; older ones in jobs.log.1
//	├── accelerators.json          Dir.Accelerators results of the accelerator probe, per boot; with a lock beside it
//	├── cache/                     Dir.Cache        images, and the built-in kernel with a lock beside it
//	│   ├── debian-<release>-<key>.raw DebianImage  disk built from packages; <key> is the digest of its inputs
//	│   ├── debian-<release>.lock  DebianLock       held while disks of the release are built
//	│   ├── debian-<release>.cancel DebianCancel    asks the holder of DebianLock to stop
//	│   └── images/                Dir.Images       images that VMs can be created from
//	│       └── <name>/            ImageDir         one image; <system>@<release> for an image from the catalog
//	│           ├── image.json     ImageDir.Row     describes the image; written last, when the image is complete
//	│           ├── <digest>.img   ImageDir.File    the image as downloaded
//	│           ├── <digest>-<digest>.raw ImageDir.Disk disk created from the image, named by both digests;
//	│           │                                   only on file systems where VMs share its blocks
//	│           ├── <digest>.raw.gz ImageDir.Base   snapshot of the disk created from the image, a cache: first snapshots
//	│           │                                   of VMs reuse its chunks; <digest>.idx is its chunk index
//	│           ├── download.part  ImageDir.Part    unfinished download, to be resumed
//	│           ├── download.json  ImageDir.PartState identifies the file that is being downloaded
//	│           ├── newest.json    ImageDir.Newest  newest version ever offered; with a lock beside it
//	│           ├── cancel         ImageDir.Cancel  asks the holder of ImageDir.Lock to stop
//	│           └── lock           ImageDir.Lock    held while any file of this folder changes
//	├── run/                       Dir.Run          private sockets, if the file system supports them and the path is short enough
//	└── data/<vm>/                 VMDir
//	    ├── disk.raw               VMDir.Disk       the disk (raw, sparse)
//	    ├── disk.raw.saved-<n>     VMDir.SavedDisks a running VM's disk, saved after another file replaced it
//	    ├── disk.undo              VMDir.Undo       the disk before the last restore
//	    ├── filling/               VMDir.Filling    what disks are filled from that are still lazy; see package lazydisk
//	    ├── origin.json            VMDir.Origin     the snapshots that the disk and the undo disk come from
//	    ├── efivars.fd             VMDir.Firmware   UEFI variables
//	    ├── efivars.undo           VMDir.FirmwareUndo UEFI variables before the last restore
//	    ├── efivars.next-<inode>   VMDir.FirmwareNextPrefix UEFI variables to use once the file with that inode is the disk
//	    ├── seed.iso               VMDir.Seed       cloud-init data for the guest; rebuilt at each start
//	    ├── ssh/                                    keys of this VM alone
//	    │   ├── id_ed25519         VMDir.SSHKey     client key, with .pub beside it
//	    │   ├── host_ed25519       VMDir.SSHHostKey the guest's host key, with .pub beside it
//	    │   └── known_hosts        VMDir.SSHKnownHosts the guest's host key only
//	    ├── snapshots.json         VMDir.Rows       the rows of the snapshots
//	    ├── snapshots/             VMDir.Snapshots
//	    │   ├── <name>.raw.gz      snapshot.File
//	    │   ├── <name>.idx         snapshot.IndexFile chunk index, a cache
//	    │   └── <name>.hdr         snapshot.HeaderSuffix new header while the file's own is replaced in place
//	    ├── snapshots.lock         VMDir.RowsLock   held briefly while rows or snapshot names change
//	    ├── automatic.json         VMDir.Automatic  time of the next automatic snapshot, and the last failure
//	    ├── lock                   VMDir.Lock       held while the VM runs or its stopped disk is read or changed
//	    ├── job.lock               VMDir.JobLock    held by the one job of this VM
//	    ├── job.cancel             VMDir.JobCancel  asks that job to stop
//	    ├── job.handover           VMDir.JobHandOver asks that job to let the VM start while it reads the disk
//	    ├── copy.lock              VMDir.CopyLock   held while files are copied to or from the guest
//	    ├── copy.cancel            VMDir.CopyCancel asks that copy to stop
//	    ├── host.lock              VMDir.SupervisorLock held by the supervisor, not by its QEMU
//	    ├── host.json              VMDir.Supervisor state that the supervisor publishes
//	    ├── host.log               VMDir.SupervisorLog messages of the supervisor and QEMU; older ones in host.log.1
//	    ├── console.log            VMDir.ConsoleLog console output; older output in console.log.1
//	    ├── last.json              VMDir.LastExit   when and why the VM last exited
//	    └── fleece.qcow2           VMDir.Fleece     old contents of blocks while a point in time is read
//
// The supervisor was once called "host". Its files keep the names host.*, so that VMs
// started by an earlier version are still recognized.
package home

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"unicode/utf8"

	"vmterminal/snapshot/durable"
)

const (
	// EnvVar is the environment variable that sets the store's folder.
	EnvVar = "VMTERMINAL_HOME"
	// ImageSuffix is the suffix of a downloaded image.
	ImageSuffix = ".img"
	// ImageDiskSuffix is the suffix of a disk created from an image.
	ImageDiskSuffix = ".raw"
	// ImageBaseSuffix is the suffix of a snapshot of such a disk, as of VMs' snapshots.
	ImageBaseSuffix = ".raw.gz"
	// ImageBaseIndexSuffix is the suffix of the chunk index of such a snapshot.
	ImageBaseIndexSuffix = ".idx"
	// SavedInfix is part of the name of a disk that was saved after another file had
	// replaced it.
	SavedInfix = ".saved-"
)

// Dir is the store's folder, as an absolute path. Its methods return paths; their comments
// describe the files there.
type Dir string

// Find returns $VMTERMINAL_HOME or, if that is not set, ~/.vmterminal, as an absolute
// path. It fails if the path is not valid UTF-8. It creates nothing.
func Find() (Dir, error) {
	dir := os.Getenv(EnvVar)
	if dir == "" {
		user, err := os.UserHomeDir()
		if err != nil {
			return "", errors.New("no home folder: set " + EnvVar + " to a folder for the store")
		}
		dir = filepath.Join(user, ".vmterminal")
	}
	abs, err := filepath.Abs(dir)
	if err == nil && !utf8.ValidString(abs) {
		// QEMU and the records of running VMs take paths as JSON.
		return "", fmt.Errorf("the path of the store is not UTF-8: %q; set %s to another folder", abs, EnvVar)
	}
	return Dir(abs), err
}

func (h Dir) path(name string) string { return filepath.Join(string(h), name) }

// Config holds the defaults for new VMs and the preferences; users edit it too.
func (h Dir) Config() string { return h.path("config.yaml") }

// VMs is the list of VMs.
func (h Dir) VMs() string { return h.path("vms.json") }

// Active holds the active VM's name.
func (h Dir) Active() string { return h.path("active") }

// Lock is held while VMs, Active or Config change; it is never removed.
func (h Dir) Lock() string { return h.path("store.lock") }

// JobLog holds the results of jobs, one JSON object per line.
func (h Dir) JobLog() string { return h.path("jobs.log") }

// JobLogOld is the previous JobLog, renamed when it grew too large.
func (h Dir) JobLogOld() string { return h.path("jobs.log.1") }

// Accelerators holds the results of the accelerator probe.
func (h Dir) Accelerators() string { return h.path("accelerators.json") }

// Cache is the folder for images and the built-in kernel.
func (h Dir) Cache() string { return h.path("cache") }

// Images is the folder with one folder per image.
func (h Dir) Images() string { return filepath.Join(h.Cache(), "images") }

// Image returns the folder of one image. The caller must have checked the name.
func (h Dir) Image(name string) ImageDir { return ImageDir(filepath.Join(h.Images(), name)) }

// Run is the private folder for sockets.
func (h Dir) Run() string { return h.path("run") }

// Data is the folder with one folder per VM.
func (h Dir) Data() string { return h.path("data") }

// VM returns the folder of one VM. The caller must have checked the name.
func (h Dir) VM(name string) VMDir { return VMDir(filepath.Join(h.Data(), name)) }

// VMDir is one VM's folder, as an absolute path. The comments of its methods describe the
// files at the returned paths.
type VMDir string

func (d VMDir) path(name string) string { return filepath.Join(string(d), name) }

// Disk is the VM's raw disk; it may be a symbolic link.
func (d VMDir) Disk() string { return d.path("disk.raw") }

// SavedDisks returns the path of the newest disk that was saved when another file replaced it
// while the VM ran, or "", and an unused path for the next one.
func (d VMDir) SavedDisks() (last, next string) {
	for n := 1; ; n++ {
		next = d.Disk() + SavedInfix + strconv.Itoa(n)
		if _, err := os.Lstat(next); err != nil {
			return last, next
		}
		last = next
	}
}

// Seed is the ISO image with the cloud-init data for the guest.
func (d VMDir) Seed() string { return d.path("seed.iso") }

// SSHKey is the private key for logging in to the guest; the public key is beside it,
// with the suffix .pub.
func (d VMDir) SSHKey() string { return d.path("ssh/id_ed25519") }

// SSHHostKey is the guest's private host key; the public key is beside it, with the
// suffix .pub.
func (d VMDir) SSHHostKey() string { return d.path("ssh/host_ed25519") }

// SSHKnownHosts is a known_hosts file with the guest's host key only.
func (d VMDir) SSHKnownHosts() string { return d.path("ssh/known_hosts") }

// Undo is the disk as it was before the last restore.
func (d VMDir) Undo() string { return d.path("disk.undo") }

// Filling is the folder for what lazy disks are filled from; see package lazydisk.
func (d VMDir) Filling() string { return d.path("filling") }

// Firmware holds the guest's UEFI variables. It is empty or missing if the VM has none.
func (d VMDir) Firmware() string { return d.path("efivars.fd") }

// FirmwareUndo holds the UEFI variables from before the last restore.
func (d VMDir) FirmwareUndo() string { return d.path("efivars.undo") }

// FirmwareNextPrefix is a path prefix. With an inode number appended, it is the path of the
// UEFI variables to use once the file with that inode is the disk.
func (d VMDir) FirmwareNextPrefix() string { return d.path("efivars.next-") }

// Origin records the snapshots that the disk and the undo disk come from.
func (d VMDir) Origin() string { return d.path("origin.json") }

// Rows holds the rows of the snapshots, a cache of their headers.
func (d VMDir) Rows() string { return d.path("snapshots.json") }

// Snapshots is the folder for snapshot files.
func (d VMDir) Snapshots() string { return d.path("snapshots") }

// Automatic records when the next automatic snapshot is due and how the last one
// failed. Only the supervisor writes it.
func (d VMDir) Automatic() string { return d.path("automatic.json") }

// RowsLock is held briefly while Rows or names in Snapshots change.
func (d VMDir) RowsLock() string { return d.path("snapshots.lock") }

// Lock is held while the VM runs, or while its stopped disk is read or changed. It is
// never removed.
func (d VMDir) Lock() string { return d.path("lock") }

// JobLock is held by the one job (snapshot, restore, …) of this VM. Its holder may
// remove unfinished files. It is never removed.
func (d VMDir) JobLock() string { return d.path("job.lock") }

// JobCancel asks the job that holds JobLock to stop. The next holder of the lock
// removes it.
func (d VMDir) JobCancel() string { return d.path("job.cancel") }

// JobHandOver asks the job that holds JobLock and reads the disk of the stopped VM to
// release Lock, so that the VM can start. A supervisor that starts while the file exists
// preserves the disk as it was for that job. The job removes the file when it reads the
// disk again; if it is killed, the next holder of JobLock does.
func (d VMDir) JobHandOver() string { return d.path("job.handover") }

// CopyLock is held while files are copied to or from the guest, one copy at a time.
// Snapshots and other jobs do not wait for it. It is never removed.
func (d VMDir) CopyLock() string { return d.path("copy.lock") }

// CopyCancel asks the copy that holds CopyLock to stop. The next holder of the lock
// removes it.
func (d VMDir) CopyCancel() string { return d.path("copy.cancel") }

// SupervisorLock is held by the supervisor of the running VM and is not inherited by
// QEMU. If it is free while Lock is held, either a job is running or QEMU has lost its
// supervisor. It is never removed.
func (d VMDir) SupervisorLock() string { return d.path("host.lock") }

// Supervisor is the state that the supervisor of the running VM publishes.
func (d VMDir) Supervisor() string { return d.path("host.json") }

// LastExit records when and why the VM last exited.
func (d VMDir) LastExit() string { return d.path("last.json") }

// ConsoleLog is the output of the console.
func (d VMDir) ConsoleLog() string { return d.path("console.log") }

// ConsoleLogOld is the previous ConsoleLog, renamed when it grew too large.
func (d VMDir) ConsoleLogOld() string { return d.path("console.log.1") }

// SupervisorLog holds the messages of the supervisor and of QEMU.
func (d VMDir) SupervisorLog() string { return d.path("host.log") }

// SupervisorLogOld is the previous SupervisorLog, renamed when it grew too large.
func (d VMDir) SupervisorLogOld() string { return d.path("host.log.1") }

// Fleece is the overlay that receives the old contents of blocks that the guest
// overwrites while a point in time is read.
func (d VMDir) Fleece() string { return d.path("fleece.qcow2") }

// ImageDir is one image's folder, as an absolute path. The comments of its methods describe
// the files at the returned paths.
type ImageDir string

func (d ImageDir) path(name string) string { return filepath.Join(string(d), name) }

// Row describes the image. It is written last: without it the image is incomplete.
func (d ImageDir) Row() string { return d.path("image.json") }

// File is the image as downloaded; digest is the digest of its contents.
func (d ImageDir) File(digest string) string { return d.path(digest + ImageSuffix) }

// Disk is a disk created from an image; image and disk are the digests of the image
// and of the disk's contents.
func (d ImageDir) Disk(image, disk string) string {
	return d.path(image + "-" + disk + ImageDiskSuffix)
}

// Base is a snapshot of the disk created from the image with that digest.
func (d ImageDir) Base(digest string) string { return d.path(digest + ImageBaseSuffix) }

// BaseIndex is the chunk index of Base.
func (d ImageDir) BaseIndex(digest string) string { return d.path(digest + ImageBaseIndexSuffix) }

// ParseImageDisk returns the digests in the name of a disk, as formatted by [ImageDir.Disk].
func ParseImageDisk(name string) (image, disk string, ok bool) {
	digests, ok := strings.CutSuffix(name, ImageDiskSuffix)
	if image, disk, found := strings.Cut(digests, "-"); ok && found {
		return image, disk, true
	}
	return "", "", false
}

// Part is an unfinished download that can be resumed.
func (d ImageDir) Part() string { return d.path("download.part") }

// PartState identifies the remote file that Part is an unfinished download of.
func (d ImageDir) PartState() string { return d.path("download.json") }

// Newest records the newest version ever offered. It is kept when the image is removed.
func (d ImageDir) Newest() string { return d.path("newest.json") }

// Cancel asks the holder of Lock to stop. The next holder of the lock removes it.
func (d ImageDir) Cancel() string { return d.path("cancel") }

// Lock is held while any file of the folder changes. It is never removed.
func (d ImageDir) Lock() string { return d.path("lock") }

// DebianImage is a disk with a release of Debian that was built from packages; key is
// the digest of the inputs of the build.
func DebianImage(cache, release, key string) string {
	return filepath.Join(cache, debianPrefix(release)+key+debianSuffix)
}

// IsDebianImage reports whether name is a file name that DebianImage returns for release.
func IsDebianImage(name, release string) bool {
	return strings.HasPrefix(name, debianPrefix(release)) && strings.HasSuffix(name, debianSuffix)
}

// DebianLock is held while disks of a release are built.
func DebianLock(cache, release string) string {
	return filepath.Join(cache, "debian-"+release+durable.LockSuffix)
}

// DebianCancel asks the holder of DebianLock to stop. The next holder of the lock
// removes it.
func DebianCancel(cache, release string) string {
	return filepath.Join(cache, "debian-"+release+".cancel")
}

// DebianWorkPrefix is the prefix of the temporary folder in the cache that a build of a
// release uses. Leftovers are removed under DebianLock.
func DebianWorkPrefix(release string) string { return ".debian-" + release + "-" }

const debianSuffix = ".raw"

func debianPrefix(release string) string { return "debian-" + release + "-" }

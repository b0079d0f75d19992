// Package ondisk says where every file of the store lies and how a file is
// replaced so that a power cut leaves the old or the new one, whole.
//
// It is a leaf: vm and snapshot, which must not know each other, both build on
// it, and it imports nothing else of this module.
//
//	~/.vmterminal/                 Home ($VMTERMINAL_HOME moves it)
//	├── config.yaml                Home.Config      what new VMs get, as its user wants it
//	├── vms.json                   Home.VMs         the VMs
//	├── active                     Home.Active      the active VM's name
//	├── store.lock                 Home.Lock        held while vms.json, active or config.yaml change
//	├── jobs.log                   Home.JobLog      how jobs ended, a JSON line each; jobs.log.1 is the part before
//	├── accelerators.json          Home.Accelerators what the probe found, per boot; its lock is beside it
//	├── cache/                     Home.Cache       the built-in kernel with a lock beside it
//	│   ├── debian-<release>-<key>.raw DebianImage  built from packages, as <key> says; its release's lock is beside it,
//	│   │                                          and what asks its holder to end
//	│   └── images/                Home.Images      images that VMs were made of, and can be made of again
//	│       └── <name>/            ImageDir         one image; of the catalogue: <system>@<release>
//	│           ├── image.json     ImageDir.Row     what it is; there once the image is whole
//	│           ├── <digest>.img   ImageDir.File    the image as it came
//	│           ├── <digest>-<digest>.raw ImageDir.Disk the disk that it makes, and that disk's digest; where VMs share its blocks
//	│           ├── download.part  ImageDir.Part    what has come of one, to go on with
//	│           ├── download.json  ImageDir.PartState of which file that is a part
//	│           ├── newest.json    ImageDir.Newest  the newest version that was ever offered; its lock is beside it
//	│           ├── cancel         ImageDir.Cancel  asks who holds the lock to end
//	│           └── lock           ImageDir.Lock    held while any of these change
//	├── run/                       Home.Run         private sockets (short paths)
//	└── data/<vm>/                 VMDir
//	    ├── disk.raw               VMDir.Disk       the disk (raw, sparse)
//	    ├── seed.iso              VMDir.Seed       what a guest of an image is told at its start; made anew each time
//	    ├── ssh/                                    this VM's own keys, and whom they are for
//	    │   ├── id_ed25519         VMDir.SSHKey     opens the guest; beside it .pub
//	    │   ├── host_ed25519       VMDir.SSHHostKey by which the guest is known; beside it .pub
//	    │   └── known_hosts        VMDir.SSHKnownHosts that one alone
//	    ├── disk.undo              VMDir.Undo       the disk before the last restore
//	    ├── efivars.fd             VMDir.Firmware   what the guest's UEFI firmware remembers
//	    ├── efivars.undo           VMDir.FirmwareUndo  and did before the last restore
//	    ├── efivars.next-<inode>   VMDir.FirmwareNext  and will, once that file is the disk
//	    ├── origin.json            VMDir.Origin     which snapshot the disk comes from
//	    ├── snapshots.json         VMDir.Rows       the snapshots' rows
//	    ├── snapshots/             VMDir.Snapshots
//	    │   ├── <name>.raw.gz      SnapshotFile
//	    │   ├── <name>.idx         IndexFile        chunk index, a cache
//	    │   └── <name>.hdr         HeaderFile       the file's next header, while it is changed in place
//	    ├── automatic.json         VMDir.Automatic  when the next automatic snapshot is due, and how the last failed
//	    ├── snapshots.lock         VMDir.RowsLock   held for moments, while rows or snapshot names change
//	    ├── lock                   VMDir.Lock       held while the VM runs or its disk is read or changed
//	    ├── job.lock               VMDir.JobLock    held by the one job that works on this VM
//	    ├── job.cancel             VMDir.JobCancel  asks that job to end
//	    ├── host.lock              VMDir.HostLock   held by the host process alone, not by its QEMU
//	    ├── host.json              VMDir.Host       the running VM as its host process states it
//	    ├── last.json              VMDir.Last       why the VM last left
//	    ├── console.log            VMDir.ConsoleLog bounded; console.log.1 is the part before
//	    ├── host.log               VMDir.HostLog    what the host process and QEMU had to say; bounded, as above
//	    └── fleece.qcow2           VMDir.Fleece     blocks kept for a point in time, while one is read
//
// A file that is being written has the suffix TempSuffix and a random part; it
// is swept by whoever next holds the lock that guards it.
package ondisk

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

const (
	// EnvHome names the variable that moves the store.
	EnvHome = "VMTERMINAL_HOME"
	// SnapshotSuffix ends the name of each snapshot file.
	SnapshotSuffix = ".raw.gz"
	// IndexSuffix ends the name of a snapshot's chunk index.
	IndexSuffix = ".idx"
	// HeaderSuffix ends the name of a header that a snapshot is about to get.
	HeaderSuffix = ".hdr"
	// TempSuffix ends the name of a file that is not whole yet.
	TempSuffix = ".tmp"
	// ImageSuffix ends the name of an image's file.
	ImageSuffix = ".img"
	// ImageDiskSuffix ends the name of the disk that an image makes.
	ImageDiskSuffix = ".raw"
	// LockSuffix ends the name of the lock of a single file; see LockFile.
	LockSuffix = ".lock"
	// AsideInfix stands in the name of a file that could not be read and was kept.
	AsideInfix = ".damaged-"

	// DirMode keeps folders private to their user.
	DirMode os.FileMode = 0o700
	// FileMode keeps files private to their user.
	FileMode os.FileMode = 0o600
)

// Home is the store's folder, as an absolute path.
type Home string

// FindHome returns $VMTERMINAL_HOME, or ~/.vmterminal. It creates nothing.
func FindHome() (Home, error) {
	dir := os.Getenv(EnvHome)
	if dir == "" {
		user, err := os.UserHomeDir()
		if err != nil {
			return "", errors.New("no home folder: set " + EnvHome + " to a folder for the store")
		}
		dir = filepath.Join(user, ".vmterminal")
	}
	abs, err := filepath.Abs(dir)
	return Home(abs), err
}

func (h Home) in(name string) string { return filepath.Join(string(h), name) }

// Config is what its user wants new VMs to be; people edit it too.
func (h Home) Config() string { return h.in("config.yaml") }

// VMs is the list of VMs.
func (h Home) VMs() string { return h.in("vms.json") }

// Active holds the active VM's name.
func (h Home) Active() string { return h.in("active") }

// Lock guards VMs, Active and Config; never removed.
func (h Home) Lock() string { return h.in("store.lock") }

// JobLog tells how jobs ended, a JSON line each; JobLogOld is the part before it.
func (h Home) JobLog() string { return h.in("jobs.log") }

// JobLogOld is what JobLog held before it grew too long.
func (h Home) JobLogOld() string { return h.in("jobs.log.1") }

// Accelerators holds the probe's answers.
func (h Home) Accelerators() string { return h.in("accelerators.json") }

// Cache is the folder of images and of the built-in kernel.
func (h Home) Cache() string { return h.in("cache") }

// Images is the folder that has one folder for each image.
func (h Home) Images() string { return filepath.Join(h.Cache(), "images") }

// Image returns the folder of one image. The caller has checked the name.
func (h Home) Image(name string) ImageDir { return ImageDir(filepath.Join(h.Images(), name)) }

// Run is the private folder of sockets.
func (h Home) Run() string { return h.in("run") }

// Data is the folder that has one folder for each VM.
func (h Home) Data() string { return h.in("data") }

// VM returns the folder of one VM. The caller has checked the name.
func (h Home) VM(name string) VMDir { return VMDir(filepath.Join(h.Data(), name)) }

// VMDir is one VM's folder, as an absolute path.
type VMDir string

func (d VMDir) in(name string) string { return filepath.Join(string(d), name) }

// Disk is the VM's raw disk; it may be a symbolic link.
func (d VMDir) Disk() string { return d.in("disk.raw") }

// Seed is the disk from which a guest is told who it is.
func (d VMDir) Seed() string { return d.in("seed.iso") }

// SSHKey is the private key that opens the guest; its public half has .pub behind
// its name.
func (d VMDir) SSHKey() string { return d.in("ssh/id_ed25519") }

// SSHHostKey is the private key by which the guest is known; its public half has
// .pub behind its name.
func (d VMDir) SSHHostKey() string { return d.in("ssh/host_ed25519") }

// SSHKnownHosts has the guest's key alone.
func (d VMDir) SSHKnownHosts() string { return d.in("ssh/known_hosts") }

// Undo is the disk as it was before the last restore.
func (d VMDir) Undo() string { return d.in("disk.undo") }

// Firmware is what the guest's UEFI firmware remembers; empty or missing: nothing.
func (d VMDir) Firmware() string { return d.in("efivars.fd") }

// FirmwareUndo is what the firmware remembered before the last restore.
func (d VMDir) FirmwareUndo() string { return d.in("efivars.undo") }

// FirmwareNext is what the firmware is to remember once the file with that inode is
// the disk.
func (d VMDir) FirmwareNext(inode uint64) string {
	return d.FirmwareNextPrefix() + strconv.FormatUint(inode, 10)
}

// FirmwareNextPrefix begins each path that FirmwareNext gives.
func (d VMDir) FirmwareNextPrefix() string { return d.in("efivars.next-") }

// IsFirmwareTemp tells whether a name is that of what firmware remembers while it is
// being written.
func IsFirmwareTemp(name string) bool {
	return strings.HasPrefix(name, ".efivars.") && strings.HasSuffix(name, TempSuffix)
}

// Origin says which snapshot the disk, and the undo disk, come from.
func (d VMDir) Origin() string { return d.in("origin.json") }

// Rows is the snapshots' rows, a cache of what the files say.
func (d VMDir) Rows() string { return d.in("snapshots.json") }

// Snapshots is the folder of snapshot files.
func (d VMDir) Snapshots() string { return d.in("snapshots") }

// Automatic is when the next automatic snapshot is due, and how the last one
// failed; the host process alone writes it.
func (d VMDir) Automatic() string { return d.in("automatic.json") }

// RowsLock is held for moments, while Rows or names in Snapshots change.
func (d VMDir) RowsLock() string { return d.in("snapshots.lock") }

// Lock is held while the VM runs, or while its stopped disk is read or
// changed; never removed.
func (d VMDir) Lock() string { return d.in("lock") }

// JobLock is held by the one job (snapshot, restore, …) that works on this VM;
// whoever holds it may sweep unfinished files. Never removed.
func (d VMDir) JobLock() string { return d.in("job.lock") }

// JobCancel asks the job that holds JobLock to end; whoever takes the lock next
// removes it.
func (d VMDir) JobCancel() string { return d.in("job.cancel") }

// HostLock is held by the host process of the running VM, and never inherited
// by QEMU: Lock held while HostLock is free is a QEMU that lost its host
// process, or a job. Never removed.
func (d VMDir) HostLock() string { return d.in("host.lock") }

// Host is what the host process of the running VM says of itself.
func (d VMDir) Host() string { return d.in("host.json") }

// Last says when and why the VM last left.
func (d VMDir) Last() string { return d.in("last.json") }

// ConsoleLog is the console's text; ConsoleLogOld the part before it.
func (d VMDir) ConsoleLog() string { return d.in("console.log") }

// ConsoleLogOld is what ConsoleLog held before it grew too long.
func (d VMDir) ConsoleLogOld() string { return d.in("console.log.1") }

// HostLog is what the host process and QEMU had to say.
func (d VMDir) HostLog() string { return d.in("host.log") }

// HostLogOld is what HostLog held before it grew too long.
func (d VMDir) HostLogOld() string { return d.in("host.log.1") }

// Fleece keeps the blocks that the guest overwrites while a point in time is read.
func (d VMDir) Fleece() string { return d.in("fleece.qcow2") }

// SnapshotFile returns the file of a snapshot in a folder of snapshots.
func SnapshotFile(folder, name string) string {
	return filepath.Join(folder, name+SnapshotSuffix)
}

// IndexFile returns the chunk index of a snapshot in a folder of snapshots.
func IndexFile(folder, name string) string {
	return filepath.Join(folder, name+IndexSuffix)
}

// HeaderFile returns the header that a snapshot in a folder of snapshots is
// about to get: it is whole and durable before the file is touched, and so
// completes a change that a power cut has torn.
func HeaderFile(folder, name string) string {
	return filepath.Join(folder, name+HeaderSuffix)
}

// ImageDir is one image's folder, as an absolute path.
type ImageDir string

func (d ImageDir) in(name string) string { return filepath.Join(string(d), name) }

// Row says what the image is; it is written last, and without it there is none.
func (d ImageDir) Row() string { return d.in("image.json") }

// File is the image as it came, by the digest of its content.
func (d ImageDir) File(digest string) string { return d.in(digest + ImageSuffix) }

// Disk is the disk that the image of a digest makes; its own digest says what it has
// to hold.
func (d ImageDir) Disk(image, disk string) string { return d.in(image + "-" + disk + ImageDiskSuffix) }

// ParseImageDisk tells which digests are in a name that ImageDir.Disk gives.
func ParseImageDisk(name string) (image, disk string, ok bool) {
	digests, ok := strings.CutSuffix(name, ImageDiskSuffix)
	if image, disk, found := strings.Cut(digests, "-"); ok && found {
		return image, disk, true
	}
	return "", "", false
}

// Part is what has come of a download, to go on with; PartState says of which.
func (d ImageDir) Part() string { return d.in("download.part") }

// PartState says of which file Part is a part.
func (d ImageDir) PartState() string { return d.in("download.json") }

// Newest is the newest version that was ever offered; it outlives the image.
func (d ImageDir) Newest() string { return d.in("newest.json") }

// Cancel asks the holder of Lock to end its work; whoever takes the lock next
// removes it.
func (d ImageDir) Cancel() string { return d.in("cancel") }

// Lock is held while any of the folder's files change; never removed.
func (d ImageDir) Lock() string { return d.in("lock") }

// UndoBeside is where the disk before the last restore is kept when disk is a
// symbolic link to another file system: beside the disk itself. VMDir.Undo is
// then a link to it.
func UndoBeside(disk string) string { return disk + ".undo" }

// DebianImage is a disk of a release of Debian that was built from packages, in
// the folder of the cache; key says how it was built.
func DebianImage(cache, release, key string) string {
	return filepath.Join(cache, debianPrefix(release)+key+debianSuffix)
}

// IsDebianImage tells whether a name is one that DebianImage gives.
func IsDebianImage(name, release string) bool {
	return strings.HasPrefix(name, debianPrefix(release)) && strings.HasSuffix(name, debianSuffix)
}

// DebianLock is held while disks of a release are built.
func DebianLock(cache, release string) string {
	return filepath.Join(cache, "debian-"+release+LockSuffix)
}

// DebianCancel asks the holder of DebianLock to end; whoever takes the lock next
// removes it.
func DebianCancel(cache, release string) string {
	return filepath.Join(cache, "debian-"+release+".cancel")
}

// DebianWork begins the name of a folder in the cache for what is needed while a
// disk of a release is built; swept under DebianLock.
func DebianWork(release string) string { return ".debian-" + release + "-" }

const debianSuffix = ".raw"

func debianPrefix(release string) string { return "debian-" + release + "-" }

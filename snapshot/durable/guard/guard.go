// Package guard names the measures that prevent data loss, so that tests can disable each
// of them and check that some test fails: a guard without such a test could disappear
// unnoticed.
//
// In an ordinary build all guards are active and cost nothing, as On is the constant true.
// A build with the tag unguarded disables the guard named by the environment variable
// EnvDrop. Such builds are only for tests.
//
// It imports nothing, so that every package can use it.
package guard

// Guard is one measure or check that prevents data loss. The comments name the test that
// fails without it.
type Guard string

const (
	// FileSync is the fsync of a file before it gets its name.
	FileSync Guard = "file-fsync"
	// DirSync is the fsync of a folder after names in it have changed.
	DirSync Guard = "folder-fsync"
	// Lock is the flock of a running VM, of a disk being read or changed, of a job and of
	// the rows. app: TestDiskOfRunningVMIsNotChanged.
	Lock Guard = "lock"
	// LockInheritance gives QEMU the VM's lock too, so that QEMU holds it if the supervisor
	// is killed. vm/supervisor: TestQEMUHoldsLock.
	LockInheritance Guard = "lock-inheritance"
	// ImageLock is QEMU's own lock on a disk, which is acquired before a disk is touched,
	// to detect a QEMU that was started by hand. app: TestForeignQEMU.
	ImageLock Guard = "image-lock"
	// LoopDevice treats a disk that a loop device can write to as in use. app:
	// TestDiskOnLoopDevice.
	LoopDevice Guard = "loop-device"
	// DiskTimes compares the size and times of a disk before and after it is read.
	// snapshot: TestDiskThatChanges.
	DiskTimes Guard = "disk-times"

	// LastName removes a temporary name of the undo disk only if the disk has another
	// name. app/torture: TestReplacedDiskSurvives.
	LastName Guard = "last-name"

	// SavedDisk saves a disk that was replaced by another file while its VM ran, when QEMU
	// exits. vm/supervisor: TestReplacedDiskIsSaved.
	SavedDisk Guard = "saved-disk"

	// HeaderDigest is the CRC-32 of a file's header: TestEveryHeaderBitIsNoticed. The
	// guards from here to PresentDigest compare the data read with the data saved, each in
	// one place; their tests are in snapshot/gzfile.
	HeaderDigest Guard = "digest-of-header"
	// SegmentDigest is the CRC-32C of a chunk's compressed bytes, the only check before
	// they are reused: TestReuseDoesNotSpreadDamage.
	SegmentDigest Guard = "digest-of-segment"
	// ChunkDigest is the SHA-256 and CRC-32 of a chunk that is decompressed by the index,
	// on restore and verify: TestBodyOfAnotherDisk.
	ChunkDigest Guard = "digest-of-chunk"
	// DiskDigest is the SHA-256 of the whole disk, used without an index:
	// TestBodyOfAnotherDisk.
	DiskDigest Guard = "digest-of-disk"
	// EndDigest is the disk's CRC-32 at the end of the file: TestTrailerOfAnotherDisk.
	EndDigest Guard = "digest-at-end"
	// BodyDigest is the CRC-32C of all compressed bytes, on verify, export and import:
	// TestVerifyFindsEveryFlip.
	BodyDigest Guard = "digest-of-body"
	// IndexDigest is the CRC-32C of an index: TestIndexIsChecked.
	IndexDigest Guard = "digest-of-index"
	// IndexBinding compares the digests of an index with those in the file's header:
	// TestInconsistentIndexIsRejected.
	IndexBinding Guard = "index-binding"
	// ReuseDigest is the SHA-256 of a chunk that is reused from an earlier snapshot:
	// TestReuseGivesTheSameFile.
	ReuseDigest Guard = "digest-of-reused"
	// PresentDigest is the SHA-256 and CRC-32 of a chunk that a restore takes from the
	// present disk: TestPresentIsCompared.
	PresentDigest Guard = "digest-of-present"
	// CloneRead checks cloned data in the clone and not in the original, to which another
	// process may write: TestClonesAreChecked.
	CloneRead Guard = "clone-read"

	// LazyDisk keeps the file of a lazy disk from being read as a disk. snapshot:
	// TestLazyDiskIsNotRead.
	LazyDisk Guard = "lazy-disk"
	// Settling refuses a point in time while the guest's writes are copied from an overlay
	// to the disk: its filter would keep them from the disk. vm/qemu:
	// TestSettlingExcludesPointInTime.
	Settling Guard = "settling"
	// TrailerDigest is the CRC-32C of the trailer of a lazy disk.
	// snapshot/durable/lazydisk: TestDamagedTrailer.
	TrailerDigest Guard = "digest-of-trailer"

	// ClonedImage checks cloned data in the clone when a disk is cloned from an image or
	// from its cached disk. vm/image/cache: TestImageThatChanges.
	ClonedImage Guard = "cloned-image"

	// ImageEnd refuses an image whose tables place data beyond the end of the file.
	// vm/image: TestWriteCutQCOW2.
	ImageEnd Guard = "image-end"
	// PartValidator compares the validators of a resumed download with those of its partial
	// download. vm/image/fetch: TestPartOfAnotherFile.
	PartValidator Guard = "part-validator"

	// Thaw thaws a guest that was asked to freeze, whatever the answer was. vm/qemu:
	// TestGuestThatDoesNotAnswer, TestQEMUStopsAnswering.
	Thaw Guard = "thaw"
	// Clamp bounds the numbers in a guest's control sequences. widgets/screen:
	// TestNumbersAreClamped.
	Clamp Guard = "clamp"
	// StringLimit bounds the stored part of a guest's control string. widgets/screen:
	// TestHostileOutput.
	StringLimit Guard = "string-limit"
	// FrameLimit bounds a frame from the guest's agent. vm/agent/wire: TestDecoder.
	FrameLimit Guard = "frame-limit"
	// PeerUID keeps other users from the API. vm/supervisor: TestSocketRefusesOtherUsers.
	PeerUID Guard = "peer-uid"
	// ImageLimit keeps a decompressed image from filling the file system. snapshot:
	// TestBudget.
	ImageLimit Guard = "image-limit"
)

// All lists every guard.
var All = []Guard{
	FileSync, DirSync, Lock, LockInheritance, ImageLock, LoopDevice, DiskTimes, LastName, SavedDisk,
	HeaderDigest, SegmentDigest, ChunkDigest, DiskDigest, EndDigest, BodyDigest,
	IndexDigest, IndexBinding, ReuseDigest, PresentDigest, CloneRead, ClonedImage,
	LazyDisk, Settling, TrailerDigest, ImageEnd, PartValidator,
	Thaw, Clamp, StringLimit, FrameLimit, PeerUID, ImageLimit,
}

// EnvDrop is the environment variable that names the guard to disable.
const EnvDrop = "VMTERMINAL_UNGUARDED"

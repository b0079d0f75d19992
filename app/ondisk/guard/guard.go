// Package guard names what keeps data from being lost, so that the tests can
// take each guard away and see that one of them turns red: a guard that nothing
// misses is not held by any test.
//
// In an ordinary build every guard stands, and asking for it costs nothing: On
// is the constant true. A build with the tag unguarded takes the guard away
// that the variable EnvDrop names. Such a build is for tests alone.
//
// It is a leaf below all others, so that whoever has a guard can name it here.
package guard

// A Guard is one thing that is done, or looked at, so that no data is lost.
type Guard string

const (
	// FileSync is the fsync of a file before it gets its name.
	FileSync Guard = "file-fsync"
	// DirSync is the fsync of a folder after names in it have changed.
	DirSync Guard = "folder-fsync"
	// Lock is the flock of whatever is locked: a VM that runs, a disk that is read
	// or changed, a job, the rows. Held by app: TestRunningDiskIsLeftAlone.
	Lock Guard = "lock"
	// LockInheritance is that QEMU has the VM's lock too, and so outlives its host
	// process with it. Held by vm/host: TestQEMUHoldsTheLock.
	LockInheritance Guard = "lock-inheritance"
	// ImageLock is QEMU's own lock on a disk, which is looked at and taken before a
	// disk is touched, for a QEMU that was started by hand. Held by app:
	// TestForeignQEMU.
	ImageLock Guard = "image-lock"

	// These compare what is read with what was saved, each in one place; they are
	// all held by snapshot/gzfile. HeaderDigest is the CRC-32 of a file's header:
	// TestEveryHeaderBitIsNoticed.
	HeaderDigest Guard = "digest-of-header"
	// SegmentDigest is the CRC-32C of a chunk's compressed bytes, which is all that
	// is compared before they are used again: TestReuseDoesNotSpreadDamage.
	SegmentDigest Guard = "digest-of-segment"
	// ChunkDigest is the SHA-256 and CRC-32 of a chunk that is unpacked by the index,
	// on restore and verify: TestAnotherDisksBody.
	ChunkDigest Guard = "digest-of-chunk"
	// DiskDigest is the SHA-256 of the whole disk where there is no index:
	// TestAnotherDisksBody.
	DiskDigest Guard = "digest-of-disk"
	// EndDigest is the disk's CRC-32 at the file's end: TestAnotherDisksEnd.
	EndDigest Guard = "digest-at-end"
	// BodyDigest is the CRC-32C of all compressed bytes, on verify, export and
	// import: TestVerifyFindsEveryFlip.
	BodyDigest Guard = "digest-of-body"
	// IndexDigest is the CRC-32C of an index: TestIndexIsChecked.
	IndexDigest Guard = "digest-of-index"
	// IndexBinding is that an index gives the digests of its file's header:
	// TestLyingIndex.
	IndexBinding Guard = "index-binding"
	// ReuseDigest is the SHA-256 of a chunk that is to be as in the snapshot before:
	// TestReuseGivesTheSameFile.
	ReuseDigest Guard = "digest-of-reused"
	// PresentDigest is the SHA-256 and CRC-32 of a chunk that a restore takes from
	// the present disk: TestPresentIsCompared.
	PresentDigest Guard = "digest-of-present"

	// Thaw is that a guest is thawed after it was told to freeze, whatever came
	// of that. Held by vm/qemu: TestGuestThatDoesNotAnswer, TestQEMUThatFallsSilent.
	Thaw Guard = "thaw"
	// Clamp bounds the numbers of a guest's control sequences. Held by
	// widgets/screen: TestNumbersAreClamped.
	Clamp Guard = "clamp"
	// StringLimit bounds what is kept of a guest's control string. Held by
	// widgets/screen: TestHostileOutput.
	StringLimit Guard = "string-limit"
	// FrameLimit bounds a frame of the guest's agent. Held by vm/agent/wire:
	// TestDecoder.
	FrameLimit Guard = "frame-limit"
	// PeerUID keeps other users from the API. Held by vm/host:
	// TestSocketRefusesOtherUsers.
	PeerUID Guard = "peer-uid"
	// ImageLimit keeps an image that is unpacked from filling the file system.
	// Held by snapshot: TestBudget.
	ImageLimit Guard = "image-limit"
)

// All is every guard there is.
var All = []Guard{
	FileSync, DirSync, Lock, LockInheritance, ImageLock,
	HeaderDigest, SegmentDigest, ChunkDigest, DiskDigest, EndDigest, BodyDigest,
	IndexDigest, IndexBinding, ReuseDigest, PresentDigest,
	Thaw, Clamp, StringLimit, FrameLimit, PeerUID, ImageLimit,
}

// EnvDrop names the variable that says which guard to take away.
const EnvDrop = "VMTERMINAL_UNGUARDED"

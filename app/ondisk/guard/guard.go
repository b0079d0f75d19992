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
var All = []Guard{FileSync, DirSync, Thaw, Clamp, StringLimit, FrameLimit, PeerUID, ImageLimit}

// EnvDrop names the variable that says which guard to take away.
const EnvDrop = "VMTERMINAL_UNGUARDED"

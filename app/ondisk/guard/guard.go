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
)

// All is every guard there is.
var All = []Guard{FileSync, DirSync}

// EnvDrop names the variable that says which guard to take away.
const EnvDrop = "VMTERMINAL_UNGUARDED"

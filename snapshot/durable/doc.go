// Package durable replaces files so that after a crash or a power cut either the old or the
// new file exists, complete. It provides file replacement ([Replacement], [Replace],
// [ReplaceJSON]), locks between processes ([TryLock], [AwaitLock]), requests to the
// holder of a lock, such as to cancel its job ([WriteRequest], [WatchCancel]), reading of JSON
// files that are partly damaged or from a newer version ([ParseJSONRows],
// [MarshalKeepingUnknown]), and the rules for names ([CheckName]).
//
// Packages vm and snapshot, which must not import each other, both build on it. From this
// module it imports only its own subpackages.
//
// A file being written has a random temporary name that ends with TempSuffix. The next
// process that acquires the lock guarding the file removes those left by a crash.
package durable

import "os"

const (
	// TempSuffix ends the name of an incomplete file.
	TempSuffix = ".tmp"
	// LockSuffix ends the name of the lock of a single file; see LockFile.
	LockSuffix = ".lock"
	// AsideInfix is part of the name of an unreadable file that was set aside.
	AsideInfix = ".damaged-"

	// DirMode makes folders private to their owner.
	DirMode os.FileMode = 0o700
	// FileMode makes files private to their owner.
	FileMode os.FileMode = 0o600
)

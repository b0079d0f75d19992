//go:build !linux

package diskfile

import "os"

// startWriteback does nothing: only Linux has such requests. Elsewhere the fsync does all
// the work.

func startWriteback(*os.File, int64, int64) {}

func dropCache(*os.File, int64, int64) error { return nil }

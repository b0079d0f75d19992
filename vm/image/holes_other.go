//go:build !linux

package image

import "os"

// dataFrom takes all that is left for data.
func dataFrom(_ *os.File, off, size int64) (start, end int64, err error) { return off, size, nil }

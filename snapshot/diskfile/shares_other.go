//go:build !linux

package diskfile

import "errors"

// SharesBlocks tells whether the file system of a folder can share blocks
// between files: not known here.
func SharesBlocks(string) (bool, error) { return false, errors.ErrUnsupported }

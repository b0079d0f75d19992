//go:build !linux

package diskfile

import "errors"

// SharesBlocks returns errors.ErrUnsupported, as this system cannot report whether files
// can share blocks.
func SharesBlocks(string) (bool, error) { return false, errors.ErrUnsupported }

package doctor

import (
	"errors"

	"vmterminal/vm/debian"
	"vmterminal/vm/image"
	"vmterminal/vm/qemu"
)

// MissingTools returns the tools that must be installed to avoid err, or nil if err has another
// cause.
func MissingTools(err error) []Tool {
	var missing *debian.Missing
	switch {
	case errors.As(err, &missing):
		return missingDebianTools(missing)
	case errors.Is(err, qemu.ErrNoQEMU):
		return []Tool{QEMU, QEMUImg}
	case errors.Is(err, qemu.ErrNoFirmware):
		return []Tool{OVMF}
	case errors.Is(err, image.ErrNoTool):
		return []Tool{QEMUImg}
	}
	return nil
}

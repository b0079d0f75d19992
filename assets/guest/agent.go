package guest

import (
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
)

// Agent returns the agent's program, static and for this processor, to be put
// into other guests.
func Agent() ([]byte, error) {
	if !Present() {
		return nil, ErrNotBuilt
	}
	packed, err := files.Open(agentFile)
	if err != nil {
		return nil, err
	}
	defer func() { _ = packed.Close() }()
	unpacked, err := gzip.NewReader(packed)
	if err != nil {
		return nil, fmt.Errorf("the agent: %w", err)
	}
	program, err := io.ReadAll(unpacked)
	if err != nil {
		return nil, fmt.Errorf("the agent: %w", err)
	}
	return program, nil
}

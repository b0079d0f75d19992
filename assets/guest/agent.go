package guest

import (
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
)

// Agent returns the agent as a static executable, for installation in other guests.
func Agent() ([]byte, error) {
	if !IsPresent() {
		return nil, ErrNotBuilt
	}
	compressed, err := files.Open(agentFile)
	if err != nil {
		return nil, err
	}
	defer func() { _ = compressed.Close() }()
	r, err := gzip.NewReader(compressed)
	if err != nil {
		return nil, fmt.Errorf("decompress the agent: %w", err)
	}
	program, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("decompress the agent: %w", err)
	}
	return program, nil
}

package blocklog

import (
	"errors"
	"fmt"
	"os"
)

// A Replay creates images for crashes of one log, in the order of Crash.Safe. It is not safe
// for concurrent use.
type Replay struct {
	log  []Entry
	safe *os.File
	done int
}

// NewReplay starts with image, the disk from before the log, which the Replay modifies.
func NewReplay(image string, log []Entry) (*Replay, error) {
	f, err := os.OpenFile(image, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	return &Replay{log: log, safe: f}, nil
}

// Close closes the image.
func (r *Replay) Close() error { return r.safe.Close() }

// Image creates an image of the state after a crash.
func (r *Replay) Image(c Crash, path string) error {
	if c.Safe < r.done {
		return fmt.Errorf("the image is at entry %d already, and %d is asked for", r.done, c.Safe)
	}
	if err := writeEntries(r.safe, r.log[r.done:c.Safe]); err != nil {
		return err
	}
	r.done = c.Safe
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(copySparse(f, r.safe, writeAll), writeEntries(f, c.Written), f.Close())
}

func writeEntries(f *os.File, entries []Entry) error {
	for _, e := range entries {
		if err := writeAll(f, e.Data, e.Off); err != nil {
			return err
		}
	}
	return nil
}

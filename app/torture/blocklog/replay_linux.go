package blocklog

import (
	"errors"
	"fmt"
	"os"
)

// A Replay makes images of crashes of one log, in the order of their Safe. Not
// for use by several goroutines.
type Replay struct {
	log  []Entry
	safe *os.File
	done int
}

// NewReplay takes the image as it was before the log, and changes it.
func NewReplay(image string, log []Entry) (*Replay, error) {
	f, err := os.OpenFile(image, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	return &Replay{log: log, safe: f}, nil
}

// Close closes the image.
func (r *Replay) Close() error { return r.safe.Close() }

// Image makes a new image as a crash has left it.
func (r *Replay) Image(c Crash, path string) error {
	if c.Safe < r.done {
		return fmt.Errorf("the image is at entry %d already, and %d is asked for", r.done, c.Safe)
	}
	if err := apply(r.safe, r.log[r.done:c.Safe]); err != nil {
		return err
	}
	r.done = c.Safe
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(copySparse(f, r.safe, writeAll), apply(f, c.Some), f.Close())
}

func apply(f *os.File, entries []Entry) error {
	for _, e := range entries {
		if err := writeAll(f, e.Data, e.Off); err != nil {
			return err
		}
	}
	return nil
}

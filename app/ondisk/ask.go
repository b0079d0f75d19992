package ondisk

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"time"
)

// askRequest asks one holder of a lock to end its work.
type askRequest struct {
	PID int `json:"pid"`
}

// AskToEnd asks the process that holds a lock to end its work. path is the file of
// such requests that belongs to the lock.
func AskToEnd(path string, pid int) error { return ReplaceJSON(path, askRequest{pid}) }

// lookForAsks is how often the holder looks for a request.
const lookForAsks = 200 * time.Millisecond

// ObeyAsks calls end when this process, which holds the lock, is asked to end its
// work. It returns when ctx ends.
func ObeyAsks(ctx context.Context, path string, end func()) {
	again := time.NewTicker(lookForAsks)
	defer again.Stop()
	for {
		select {
		case <-again.C:
			if isAsked(path) {
				end()
			}
		case <-ctx.Done():
			return
		}
	}
}

// isAsked tells whether there is a request that means this process. One for an
// earlier holder was removed when the lock was taken.
func isAsked(path string) bool {
	var r askRequest
	text, err := os.ReadFile(path)
	return err == nil && json.Unmarshal(text, &r) == nil && r.PID == os.Getpid()
}

// ForgetAsks removes what was asked of an earlier holder. The lock is held.
func ForgetAsks(path string) error {
	err := os.Remove(path)
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return errors.Join(err, SweepTempsOf(path))
}

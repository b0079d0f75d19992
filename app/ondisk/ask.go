package ondisk

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"sync"
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

// Obeying returns a context that ends with ctx, and when this process, which holds the
// lock, is asked to end its work. end ends it too, and returns once nobody looks for
// requests any more.
func Obeying(ctx context.Context, path string) (_ context.Context, end func()) {
	ctx, cancel := context.WithCancel(ctx)
	var watch sync.WaitGroup
	watch.Go(func() { obeyAsks(ctx, path, cancel) })
	return ctx, func() {
		cancel()
		watch.Wait()
	}
}

// obeyAsks calls end when this process, which holds the lock, is asked to end its
// work. It returns when ctx ends.
func obeyAsks(ctx context.Context, path string, end func()) {
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

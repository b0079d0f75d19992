package durable

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"sync"
	"time"
)

// cancelRequest asks one holder of a lock to cancel its job.
type cancelRequest struct {
	PID int `json:"pid"`
}

// RequestCancel asks the process with that pid, which holds a lock, to cancel its job.
// path is the request file that belongs to the lock.
func RequestCancel(path string, pid int) error { return ReplaceJSON(path, cancelRequest{pid}) }

// cancelPollInterval is how often the holder looks for a request.
const cancelPollInterval = 200 * time.Millisecond

// WatchCancel returns a copy of ctx that is also canceled when another process asks this
// one, which holds the lock, to cancel its job. The caller must call stop, which cancels
// the copy and waits until the watching goroutine has ended.
func WatchCancel(ctx context.Context, path string) (_ context.Context, stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var watch sync.WaitGroup
	watch.Go(func() { pollCancel(ctx, path, cancel) })
	return ctx, func() {
		cancel()
		watch.Wait()
	}
}

// pollCancel calls cancel whenever it finds a request for this process, until ctx ends.
func pollCancel(ctx context.Context, path string, cancel func()) {
	poll := time.NewTicker(cancelPollInterval)
	defer poll.Stop()
	for {
		select {
		case <-poll.C:
			if isCancelRequested(path) {
				cancel()
			}
		case <-ctx.Done():
			return
		}
	}
}

// isCancelRequested reports whether there is a request for this process. A request for an
// earlier holder was removed when the lock was acquired.
func isCancelRequested(path string) bool {
	var r cancelRequest
	text, err := os.ReadFile(path)
	return err == nil && json.Unmarshal(text, &r) == nil && r.PID == os.Getpid()
}

// ClearCancel removes a request to an earlier holder. The caller must hold the lock.
func ClearCancel(path string) error {
	err := os.Remove(path)
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return errors.Join(err, SweepTempsOf(path))
}

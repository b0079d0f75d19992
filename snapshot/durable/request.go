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

// request asks one holder of a lock to do something.
type request struct {
	PID int `json:"pid"`
}

// WriteRequest asks the process with that pid, which holds a lock, to do what path stands
// for, for example to cancel its job.
func WriteRequest(path string, pid int) error { return ReplaceJSON(path, request{pid}) }

// IsRequested reports whether the file at path is a request to the process with that pid.
// A request to an earlier holder was removed when the lock was acquired.
func IsRequested(path string, pid int) bool {
	var r request
	text, err := os.ReadFile(path)
	return err == nil && json.Unmarshal(text, &r) == nil && r.PID == pid
}

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
			if IsRequested(path, os.Getpid()) {
				cancel()
			}
		case <-ctx.Done():
			return
		}
	}
}

// ClearRequest removes a request to an earlier holder. The caller must hold the lock.
func ClearRequest(path string) error {
	err := os.Remove(path)
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return errors.Join(err, SweepTempsOf(path))
}

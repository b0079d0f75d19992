package durable

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"
)

func TestPollCancelOnlyForThisProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cancel")
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancels := 0
		done := make(chan struct{})
		go func() {
			pollCancel(ctx, path, func() { cancels++ })
			close(done)
		}()
		check := func(request string, err error, want int) {
			t.Helper()
			time.Sleep(cancelPollInterval)
			synctest.Wait()
			if err != nil || cancels != want {
				t.Errorf("%s: got %d cancellations, %v; want %d", request, cancels, err, want)
			}
		}
		check("no request", nil, 0)
		check("request for another process", WriteRequest(path, os.Getpid()+1), 0)
		check("torn request", os.WriteFile(path, []byte("{"), FileMode), 0)
		check("request for this process", WriteRequest(path, os.Getpid()), 1)
		check("request removed", ClearRequest(path), 1)
		if err := ClearRequest(path); err != nil {
			t.Error("removing a missing request: got error", err)
		}
		cancel()
		<-done
	})
}

package ondisk

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"
)

func TestOnlyWhoIsAskedEnds(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cancel")
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		asked := 0
		over := make(chan struct{})
		go func() {
			obeyAsks(ctx, path, func() { asked++ })
			close(over)
		}()
		look := func() int {
			time.Sleep(lookForAsks)
			synctest.Wait()
			return asked
		}
		if look() > 0 {
			t.Error("nobody was asked, and it ended")
		}
		if err := AskToEnd(path, os.Getpid()+1); err != nil || look() > 0 {
			t.Errorf("another was asked, and it ended (%d); %v", asked, err)
		}
		if err := os.WriteFile(path, []byte("{"), FileMode); err != nil || look() > 0 {
			t.Errorf("a torn request was obeyed (%d); %v", asked, err)
		}
		if err := AskToEnd(path, os.Getpid()); err != nil || look() != 1 {
			t.Errorf("it was asked, and obeyed %d times; %v", asked, err)
		}
		if err := ForgetAsks(path); err != nil || look() != 1 {
			t.Errorf("a request that was removed was obeyed (%d); %v", asked, err)
		}
		if err := ForgetAsks(path); err != nil {
			t.Error("there is none to forget:", err)
		}
		cancel()
		<-over
	})
}

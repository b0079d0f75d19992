package agent

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
)

func TestFilesTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		silent := func(ctx context.Context, _ Command) (int, error) {
			<-ctx.Done()
			return 0, ctx.Err()
		}
		if err := Files(t.Context(), silent, func(File) {}); !errors.Is(err, ErrNoAnswer) {
			t.Errorf("got error %v, want %v", err, ErrNoAnswer)
		}
	})
}

package window

import (
	"context"

	"fyne.io/fyne/v2"
)

// Dispatch runs a function on the main goroutine. It is safe for concurrent use, does not
// wait, and preserves the order of calls from one goroutine.
type Dispatch func(func())

// onMain returns the Dispatch of a real window. It contains the only call to fyne.Do in the
// program; tests use a queue instead. Once ctx is done, it drops functions: after Fyne's event
// loop has ended, Fyne would run them on the calling goroutine.
func onMain(ctx context.Context) Dispatch {
	return func(f func()) {
		fyne.Do(func() {
			if ctx.Err() == nil {
				f()
			}
		})
	}
}

//go:build !nogui

package desktop

import (
	"context"

	"fyne.io/fyne/v2"
)

// Dispatch runs a function on the main goroutine. It may be called from any
// goroutine, does not wait, and keeps the order of calls from one goroutine.
type Dispatch func(func())

// onMain is the Dispatch of a real window, and the only call of fyne.Do in the
// program: tests put a queue of their own in its place. Once ctx has ended it
// runs nothing: when its loop is over, Fyne calls on whatever goroutine asks.
func onMain(ctx context.Context) Dispatch {
	return func(f func()) {
		fyne.Do(func() {
			if ctx.Err() == nil {
				f()
			}
		})
	}
}

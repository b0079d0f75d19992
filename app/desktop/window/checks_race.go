//go:build race

package window

// threadChecks makes Fyne check the goroutine of each call. It is on only under the race
// detector, since it captures a stack for every refresh.
const threadChecks = true

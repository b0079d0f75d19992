//go:build race && !nogui

package desktop

// threadChecks has Fyne look at each call for the goroutine it comes from. That
// costs a stack for every refresh: under the race detector it is worth it.
const threadChecks = true

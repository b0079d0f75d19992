// Package widgets provides the window's own Fyne widgets, one per file. They take plain
// values, including texts and icons, and report through callbacks. They must not import
// packages vm, snapshot or app, so that each can be drawn and tested alone.
//
// Widgets must be used on Fyne's main goroutine only.
package widgets

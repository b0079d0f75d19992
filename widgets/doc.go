// Package widgets holds the window's own Fyne widgets. They take plain values
// and give callbacks, one widget a file. They know neither VMs nor snapshots
// nor the words of any language: texts and icons come from outside.
//
// All of it belongs to Fyne's main goroutine.
package widgets

// Package window implements the window and the tray icon. It connects widgets to the
// Service and contains no business logic.
//
// Unless stated otherwise, functions must be called on Fyne's main goroutine. The Service is
// called from other goroutines: toolkit.call does this and delivers the result through the
// window's Dispatch.
package window

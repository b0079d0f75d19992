// Package desktop is the window and the tray: the only code that wires widgets
// to the Service. It holds no use case of its own.
//
// Rules of its goroutines: everything drawn belongs to Fyne's main goroutine.
// The Service is never called there; window.call runs such work elsewhere and
// comes back with the result through the one Dispatch. What a method may be
// called from is said where it is not the main goroutine.
//
// Built with the tag nogui it is a Run that says that there is no window.
package desktop

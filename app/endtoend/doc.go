// Package endtoend tests the finished program from the outside; it contains only tests. They
// build vmterminal and vmt and drive them with real QEMU: as commands on pipes and terminals,
// as a window on a separate display with key presses and clicks, and as a tray icon on a
// separate D-Bus.
//
// The tests rely only on the commands, their output, the look of buttons, and the paths in the
// user's documentation; they must not import the program. They poll for states and never wait
// for a fixed time. They store pictures of the window for review in build/pictures, or in the
// folder that VMTERMINAL_PICTURES names.
package endtoend

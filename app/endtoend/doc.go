// Package endtoend holds nothing but tests: the program as people have it, from
// outside. They build vmterminal and vmt, and drive them with real QEMU: as
// commands on pipes and on terminals, as a window on a display of its own with
// pressed keys and clicks, and as a tray icon over a D-Bus of its own.
//
// It knows the commands, what they print, the look of a button, and where the
// user's page says that files lie; it must never import the program. What a
// test waits for is a state of the world that it looks at again and again,
// never a span of time. Pictures of the window are left in build/pictures, or
// in the folder that VMTERMINAL_PICTURES names, for people to look at.
package endtoend

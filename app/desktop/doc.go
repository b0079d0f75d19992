// Package desktop starts the graphical front end, the window and the tray icon of package
// window, in builds that have it. With the build tag nogui, it does not import that package,
// and Run only returns an error.
package desktop

// Package loopfs mounts file systems in image files, and shuts them down as a power cut would.
// It does not interpret their contents. It needs root and Linux.
package loopfs

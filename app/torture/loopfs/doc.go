// Package loopfs mounts file systems that lie in image files, and shuts them
// down as a power cut would. It knows nothing of what is on them. It takes root,
// and Linux.
package loopfs

// Package blocklog provides a block device that records its requests, and recreates disks as
// a power cut could have left them.
//
// Device is a file in its own FUSE file system. It backs a loop device: each write and each
// flush becomes an entry in its Log. Writes before a flush was requested are safe once the
// flush has completed. Of later writes, any subset may have reached the disk, in any order,
// and of a single write any subset of its sectors. Crashes lists such states, and Replay
// creates the images.
//
// The package does not interpret the contents of the device.
package blocklog

// Package blocklog is a block device that writes down what is asked of it, and
// makes the disk as a power cut could have left it.
//
// Device is a file, in a file system of its own (FUSE), to put a loop device
// on: every write and every flush that arrives is an entry of its Log, in their
// order. What was written before a flush was asked for is safe once the flush
// has been answered; of what was written since, any part may have reached the
// disk, in any order, and of one write any part of its sectors. Crashes lists
// such states, and Replay makes the images.
//
// It knows nothing of what is on the device.
package blocklog

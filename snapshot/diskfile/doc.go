// Package diskfile handles a VM's disk as a file on the host: finding its holes, writing
// without filling them, sharing blocks, measuring free space, and swapping the disk with
// the undo disk. It must not know about snapshots.
package diskfile

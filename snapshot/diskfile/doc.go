// Package diskfile handles a VM's disk as a file of the host: where its holes
// are, how it is written without filling them, how much room there is, and how
// a new one takes its place. It must never know what a snapshot is.
package diskfile

// Package nbd reads a disk that another process exports over the network block
// device protocol on a unix socket, as QEMU does for a point in time.
//
// It only reads. It must never know what the bytes are, nor trust the server:
// every length and offset that comes back is checked, and a server that dies or
// falls silent is an error, never a hang. The protocol is described in
// doc/proto.md of the NBD project.
package nbd

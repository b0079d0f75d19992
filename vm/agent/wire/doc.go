// Package wire implements the protocol between the agent in a guest and its client on
// the host: frames on a byte stream, messages in the frames, and flow control. Both
// sides use it. It must not depend on QEMU or on either side.
//
// # Frames
//
// The stream is a virtio-serial port. Either end may be restarted at any byte (the guest
// reboots, the supervisor restarts) without the port reporting it. Therefore each frame
// starts with a mark and has checksums of its header and of its payload, and a reader
// that finds anything else searches for the next mark. An incomplete frame is dropped
// if no data arrives within StallTimeout. Integers are big-endian:
//
//	0  4  mark f4 56 54 a7
//	4  1  kind
//	5  1  channel (0 standard input, 1 standard output, 2 standard error)
//	6  2  zero
//	8  4  length of the payload, at most MaxPayload
//	12 4  stream
//	16 8  session
//	24 4  CRC-32C of the payload
//	28 4  CRC-32C of bytes 0 to 27
//	32    payload
//
// # Sessions and streams
//
// The host chooses a random session ID and sends a hello with it. The guest answers
// frames of any other session with NoSession; the host drops them. A hello with a new
// session ends the previous one: commands are killed, frozen file systems thawed. The
// guest sends Ready when it starts. Each request opens a stream, whose number the host
// never reuses in the session; exactly one Response ends it. Cancel asks the guest to
// end it early.
//
// # Flow control
//
// A command's input and output are sent as Data on the request's stream, ended by End.
// The sender of Data may send Window bytes per channel, and more after the receiver has
// sent Credit, which limits the memory that the receiver needs. Both outputs end before
// the Response.
//
// # Identity
//
// After each hello the host sends the guest the Identity of its VM. The guest stores it.
// If the guest gets the same Identity again, it writes nothing. If it gets the Identity
// of another VM, its disk is a copy, and it renews everything that must be unique to a
// guest. It completes this even if the request is canceled. Until then a copy runs with
// the identity of the original. An agent that does not support this operation answers
// CodeUnsupported, as for any unknown operation.
package wire

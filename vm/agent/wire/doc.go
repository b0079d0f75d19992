// Package wire is what the agent in a guest and the client on the host say to
// each other: frames on a byte stream, messages in the frames, flow control.
// Both sides build on it; it knows neither QEMU nor files nor commands.
//
// # Frames
//
// The stream is a virtio-serial port. Either end may come and go at any byte
// (a guest reboots, a host process restarts), and the port says nothing of it.
// So each frame starts with a mark, carries a checksum of its header and one of
// its payload, and a reader that finds anything else looks for the next mark.
// A frame that was begun and is not continued within StallTime is given up.
// Big-endian:
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
// The host draws a random session and says hello with it; frames of any other
// session are refused by the guest with NoSession and dropped by the host. A
// hello with a new session ends whatever the one before had begun: commands are
// killed, frozen file systems thawed. The guest says Ready when it starts.
// Each request opens a stream, numbered by the host and never used again in the
// session; exactly one Response ends it. Cancel asks for an early end.
//
// # Flow
//
// A command's input and output travel as Data on the request's stream, ended by
// End. The sender of Data starts with Window bytes per channel and gains what
// the receiver gives back with Credit, so what an end must hold is bounded. End
// of both outputs comes before the Response.
//
// # Identity
//
// After each hello the host tells the guest which VM it is. The guest keeps the
// Identity that it took on last; told the same again it writes nothing, told
// another's it is a copy and makes anew what must not be alike in two guests.
// What it has begun it finishes, cancelled or not. Until it was told, a copy
// works under its origin's identity. An agent of before this operation answers
// CodeUnsupported, as for any that it does not know.
package wire

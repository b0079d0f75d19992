// Package agent is the host's side of the agent that runs in a guest: it asks
// what is wanted and makes sure of what comes back.
//
// The guest may lie, flood, fall silent, reboot or never have had an agent. So
// whatever it sends is bounded, checked and never waited for without a limit,
// and texts from it hold printable characters only. The package knows a byte
// stream, not QEMU, and not which VM is at its other end; the protocol is
// package wire's, the agent itself is in the folder guest.
package agent

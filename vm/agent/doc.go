// Package agent is the host's client of the agent that runs in a guest.
//
// The guest is not trusted: it may lie, flood the host, stop answering, reboot or have
// no agent at all. Therefore the package limits the size of everything from the guest,
// validates it, reduces texts to printable characters and waits with timeouts. It
// works on any byte stream and does not depend on QEMU. Package wire defines the
// protocol; folder guest contains the agent itself.
package agent

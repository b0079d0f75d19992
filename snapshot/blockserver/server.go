// Package blockserver serves a disk over the Network Block Device protocol, read-only, so that
// QEMU and tools such as qemu-img, nbdcopy and guestfish can read a snapshot in place.
//
// [Serve] accepts connections and reads a [Disk], which may be a *gzfile.DiskReader. The
// package knows neither snapshot files nor their names. It implements the newstyle handshake,
// structured replies and the metadata context base:allocation of the protocol's specification
// (https://github.com/NetworkBlockDevice/nbd, doc/proto.md). TLS and writing are refused.
//
// Clients are not trusted: whatever they send, a connection needs at most a few MiB, and a
// client that does not read its replies loses its connection.
package blockserver

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"
)

// A Disk is what a server serves. Its methods are called from several goroutines.
type Disk interface {
	// Size is the size in bytes. It does not change.
	Size() int64
	// ReadAt implements io.ReaderAt.
	ReadAt(p []byte, off int64) (int, error)
	// NextData returns the first range at or after off that may contain something other
	// than zeros, or Size() as start if all the rest is zeros.
	NextData(off int64) (start, end int64, err error)
}

// Options configures a server.
type Options struct {
	// Export is the name of the only export. Clients may also ask for the default export,
	// whose name is empty.
	Export string
	// OnReadError, if set, is called with each error of Disk. Calls come from several
	// goroutines.
	OnReadError func(error)
}

// maxConnections limits the connections, and with them the memory. More wait until one ends.
const maxConnections = 16

// handshakeTimeout limits the whole handshake, and messageTimeout the time in which a client
// has to read a message, or to send the rest of one.
const (
	handshakeTimeout = 30 * time.Second
	messageTimeout   = 2 * time.Minute
)

// Serve accepts connections of l and serves disk on them until ctx is done or l fails. It
// closes l, and returns when all connections are closed. The error is nil if ctx is done, and
// l's otherwise.
func Serve(ctx context.Context, l net.Listener, disk Disk, opt Options) error {
	ctx, cancel := context.WithCancel(ctx)
	stopClosing := context.AfterFunc(ctx, func() { _ = l.Close() })
	defer stopClosing()
	defer func() { _ = l.Close() }()
	var connections sync.WaitGroup
	defer connections.Wait()
	defer cancel() // before waiting
	free := make(chan struct{}, maxConnections)
	for {
		select {
		case free <- struct{}{}:
		case <-ctx.Done():
			return nil
		}
		c, err := l.Accept()
		if ctx.Err() != nil {
			if err == nil {
				_ = c.Close()
			}
			return nil
		}
		if err != nil {
			return err
		}
		connections.Go(func() {
			defer func() { <-free }()
			serveConn(ctx, c, disk, opt)
		})
	}
}

// serveConn serves one connection and closes it.
func serveConn(ctx context.Context, c net.Conn, disk Disk, opt Options) {
	defer c.Close()
	defer context.AfterFunc(ctx, func() { _ = c.Close() })()
	s := newSession(c, disk, opt)
	_ = c.SetDeadline(time.Now().Add(handshakeTimeout))
	if err := s.negotiate(); err != nil {
		return
	}
	_ = c.SetDeadline(time.Time{})
	s.transmit()
}

// errProtocol means that a client violated the protocol so that the connection cannot be used
// any more.
var errProtocol = errors.New("protocol violation")

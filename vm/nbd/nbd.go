// Package nbd reads a disk that another process exports over the network block
// device protocol on a unix socket, as QEMU does for a point in time.
//
// It is read-only, knows nothing about the contents, and does not trust the server: every
// length and offset is checked, and a server that exits or stops answering causes an
// error, never a hang. The protocol is described in doc/proto.md of the NBD project.
package nbd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

var (
	// ErrNoExport means that the server has no export of that name.
	ErrNoExport = errors.New("no such export")
	// ErrProtocol means that the server violated the protocol.
	ErrProtocol = errors.New("NBD protocol error")
	// ErrGone means that the server closed the connection.
	ErrGone = errors.New("the NBD server closed the connection")
	// ErrSilent means that the server did not answer in time.
	ErrSilent = errors.New("the NBD server has stopped answering")
	// ErrClosed is the cause if Close ended the connection.
	ErrClosed = errors.New("NBD connection closed")
)

// Error is the server's error reply to one request; other requests may still succeed. If a
// point in time has failed, QEMU answers every read with an error.
type Error struct {
	Code    uint32 // errno of the protocol: 1 EPERM, 5 EIO, 22 EINVAL, …
	Message string // the server's message, often empty
}

func (e *Error) Error() string {
	if e.Message == "" {
		return fmt.Sprintf("the NBD server reported: error %d", e.Code)
	}
	return fmt.Sprintf("the NBD server reported: %q (error %d)", e.Message, e.Code)
}

const (
	// defaultReplyTimeout is how long the server may send nothing while a request is pending.
	defaultReplyTimeout = 30 * time.Second
	// maxRead is the size of the largest request; all servers accept 32 MiB.
	maxRead = 4 << 20
	// maxBatch is the number of concurrent requests of one read; QEMU processes 16 per
	// client.
	maxBatch = 16
)

// An Export is one exported disk. Its methods may be called concurrently; requests share one
// connection without waiting for each other.
type Export struct {
	conn            net.Conn
	selector        blockSelector
	terms           terms
	replyTimeout    time.Duration
	requestBoundary int64       // no request crosses a multiple of this
	stopWatch       func() bool // stops watching Dial's context

	writing sync.Mutex // held while a request is sent

	mu      sync.Mutex
	last    uint64
	pending map[uint64]*call
	err     error
	read    chan struct{} // closed when the reader has exited
}

// Dial connects to the server at socketPath and opens the export; the error is ErrNoExport if
// it does not exist. ctx limits the lifetime of the Export: when it ends, the connection is
// closed and pending reads return ctx's error. The caller must call Close.
func Dial(ctx context.Context, socketPath, export string) (*Export, error) {
	return dial(ctx, socketPath, export, allocation)
}

// DialDirty is like Dial, but Data returns the blocks marked in a dirty bitmap of QEMU, or
// everything if the server has no such bitmap.
func DialDirty(ctx context.Context, socketPath, export, bitmap string) (*Export, error) {
	return dial(ctx, socketPath, export, dirtyBitmap(bitmap))
}

func dial(ctx context.Context, socketPath, export string, m blockSelector) (*Export, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "unix", socketPath)
	if err != nil {
		return nil, fmt.Errorf("connect to the NBD server: %w", err)
	}
	return open(ctx, conn, export, m, defaultReplyTimeout)
}

// open opens an export over conn and takes ownership of conn.
func open(ctx context.Context, conn net.Conn, export string, m blockSelector, replyTimeout time.Duration) (*Export, error) {
	e := &Export{
		conn:            conn,
		selector:        m,
		replyTimeout:    replyTimeout,
		requestBoundary: maxRead,
		pending:         make(map[uint64]*call),
		read:            make(chan struct{}),
	}
	e.stopWatch = context.AfterFunc(ctx, func() { e.closeWith(ctx.Err()) })
	err := conn.SetDeadline(time.Now().Add(replyTimeout))
	if err == nil {
		e.terms, err = handshake(conn, export, m.context)
	}
	if err == nil {
		err = conn.SetDeadline(time.Time{})
	}
	if err != nil {
		e.stopWatch()
		e.closeWith(connectionError(err))
		return nil, fmt.Errorf("open NBD export %q: %w", export, e.closeCause())
	}
	go e.readReplies()
	return e, nil
}

// Size returns the disk's size in bytes.
func (e *Export) Size() int64 { return e.terms.size }

// ReadAt implements [io.ReaderAt]. The error is an *Error if the server rejects the read,
// ErrGone if the connection is lost, and ErrSilent if the server does not answer for half a
// minute; after the latter two every call fails.
func (e *Export) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, fmt.Errorf("read at negative offset %d", off)
	}
	if off >= e.Size() {
		return 0, io.EOF
	}
	short := int64(len(p)) > e.Size()-off
	if short {
		p = p[:e.Size()-off]
	}
	n := 0
	for n < len(p) {
		done, err := e.readBatch(p[n:], off+int64(n))
		n += done
		if err != nil {
			return n, err
		}
	}
	if short {
		return n, io.EOF
	}
	return n, nil
}

// readBatch sends the requests for the first part of p together and waits for all of them.
// It returns how many bytes were read without a gap.
func (e *Export) readBatch(p []byte, off int64) (n int, err error) {
	var calls []*call
	for sent := 0; sent < len(p) && len(calls) < maxBatch; {
		at := off + int64(sent)
		part := min(int64(len(p)-sent), e.requestBoundary-at%e.requestBoundary)
		c := &call{command: cmdRead, off: at, length: part, buf: p[sent : sent+int(part)]}
		calls = append(calls, c)
		e.startCall(c)
		sent += int(part)
	}
	for _, c := range calls {
		<-c.done
		switch {
		case err != nil:
		case c.err != nil:
			err = fmt.Errorf("read %d bytes at %d: %w", c.length, c.off, c.err)
		default:
			n += len(c.buf)
		}
	}
	return n, err
}

// CutRequests splits reads so that no request crosses a multiple of size, which is at most
// 4 MiB. Call it before the first read.
func (e *Export) CutRequests(size int64) { e.requestBoundary = min(max(size, 1), maxRead) }

// Close closes the connection; pending reads return ErrClosed. It may be called more than
// once.
func (e *Export) Close() error {
	e.stopWatch()
	e.closeWith(ErrClosed)
	<-e.read
	return nil
}

// closeWith records the first cause and makes the reader exit, which completes every call.
func (e *Export) closeWith(cause error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.err == nil {
		e.err = cause
		e.conn.Close()
	}
}

func (e *Export) closeCause() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.err
}

// Package nbd reads a disk that another process exports over the network block
// device protocol on a unix socket, as QEMU does for a point in time.
//
// It only reads. It must never know what the bytes are, nor trust the server:
// every length and offset that comes back is checked, and a server that dies or
// falls silent is an error, never a hang. The protocol is described in
// doc/proto.md of the NBD project.
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
	// ErrNoExport says that the server has no export of that name.
	ErrNoExport = errors.New("no such export")
	// ErrProtocol says that the server sent what makes no sense.
	ErrProtocol = errors.New("not NBD")
	// ErrGone says that the server ended the connection.
	ErrGone = errors.New("the NBD server has gone")
	// ErrSilent says that the server owes an answer and sends nothing.
	ErrSilent = errors.New("the NBD server has stopped answering")
	// ErrClosed is the cause when the connection was ended by Close.
	ErrClosed = errors.New("NBD connection closed")
)

// Error is the server's refusal of one request; others may still succeed. A
// point in time that broke answers every read so.
type Error struct {
	Code    uint32 // an errno of the protocol: 1 EPERM, 5 EIO, 22 EINVAL, …
	Message string // the server's words, often empty
}

func (e *Error) Error() string {
	if e.Message == "" {
		return fmt.Sprintf("the NBD server refused: error %d", e.Code)
	}
	return fmt.Sprintf("the NBD server refused: %q (error %d)", e.Message, e.Code)
}

const (
	// silence is how long a server may owe an answer without sending a byte.
	silence = 30 * time.Second
	// maxRead is the longest single request; all servers take 32 MiB.
	maxRead = 4 << 20
	// maxBatch is how many requests of one read are under way; QEMU works on
	// 16 of one client at once.
	maxBatch = 16
)

// Export is one exported disk. Its methods may be called from many goroutines:
// their requests share one connection without waiting for one another.
type Export struct {
	conn    net.Conn
	mapping mapping
	terms   terms
	silence time.Duration
	cut     int64       // no request crosses a multiple of it
	unwatch func() bool // stops watching Dial's context

	writing sync.Mutex // held while a request is sent

	mu      sync.Mutex
	last    uint64
	pending map[uint64]*call
	err     error
	read    chan struct{} // closed when the reader has left
}

// Dial connects to the server at socketPath and opens the export; no such
// export is ErrNoExport. ctx is for the whole life of the Export: when it ends,
// the connection does, and reads under way return ctx's error. The caller must
// call Close.
func Dial(ctx context.Context, socketPath, export string) (*Export, error) {
	return dial(ctx, socketPath, export, allocation)
}

// DialDirty is Dial for asking which blocks a dirty bitmap of QEMU marks: Data
// gives these instead, everything if the server has no such bitmap.
func DialDirty(ctx context.Context, socketPath, export, bitmap string) (*Export, error) {
	return dial(ctx, socketPath, export, dirtyBitmap(bitmap))
}

func dial(ctx context.Context, socketPath, export string, m mapping) (*Export, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "unix", socketPath)
	if err != nil {
		return nil, fmt.Errorf("connect to the NBD server: %w", err)
	}
	return open(ctx, conn, export, m, silence)
}

// open owns conn from here on.
func open(ctx context.Context, conn net.Conn, export string, m mapping, patience time.Duration) (*Export, error) {
	e := &Export{
		conn:    conn,
		mapping: m,
		silence: patience,
		cut:     maxRead,
		pending: make(map[uint64]*call),
		read:    make(chan struct{}),
	}
	e.unwatch = context.AfterFunc(ctx, func() { e.end(ctx.Err()) })
	err := conn.SetDeadline(time.Now().Add(patience))
	if err == nil {
		e.terms, err = shakeHands(conn, export, m.context)
	}
	if err == nil {
		err = conn.SetDeadline(time.Time{})
	}
	if err != nil {
		e.unwatch()
		e.end(plain(err))
		return nil, fmt.Errorf("open NBD export %q: %w", export, e.cause())
	}
	go e.receive()
	return e, nil
}

// Size is the disk's size in bytes.
func (e *Export) Size() int64 { return e.terms.size }

// ReadAt is io.ReaderAt's. A refusal by the server is an *Error, a lost
// connection ErrGone, a server that owes an answer for half a minute ErrSilent;
// after the latter two every call fails.
func (e *Export) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, fmt.Errorf("read at byte %d", off)
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

// readBatch sends the requests for the first part of p together, then waits
// for all of them. It returns how much has come without a gap.
func (e *Export) readBatch(p []byte, off int64) (n int, err error) {
	var calls []*call
	for sent := 0; sent < len(p) && len(calls) < maxBatch; {
		at := off + int64(sent)
		part := min(int64(len(p)-sent), e.cut-at%e.cut)
		c := &call{command: cmdRead, off: at, length: part, buf: p[sent : sent+int(part)]}
		calls = append(calls, c)
		e.begin(c)
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

// CutRequests makes every read a series of requests of which none crosses a
// multiple of size, at most 4 MiB. Call it before the first read.
func (e *Export) CutRequests(size int64) { e.cut = min(max(size, 1), maxRead) }

// Close ends the connection; reads under way return ErrClosed. It may be
// called more than once.
func (e *Export) Close() error {
	e.unwatch()
	e.end(ErrClosed)
	<-e.read
	return nil
}

// end notes the first cause and makes the reader leave, which releases every
// call.
func (e *Export) end(cause error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.err == nil {
		e.err = cause
		e.conn.Close()
	}
}

func (e *Export) cause() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.err
}

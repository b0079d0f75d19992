package nbd

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"
)

const (
	magicRequest    = 0x25609513
	magicSimple     = 0x67446698
	magicStructured = 0x668e33ef

	cmdRead        = 0
	cmdBlockStatus = 7

	chunkDone    = 1 << 0
	chunkNone    = 0
	chunkData    = 1
	chunkHole    = 2
	chunkStatus  = 5
	chunkError   = 1 << 15
	maxChunkText = 8 << 10
	// maxChunks is the maximum number of chunks in one answer; QEMU sends at most one per
	// sector.
	maxChunks = maxRead/512 + 2
	// maxStatus is the maximum size of a block status in bytes; QEMU sends at most 128 Ki
	// extents.
	maxStatus = 4 + 8*(256<<10)
)

// A call is one request. Between start and the closing of done, only the reader may use it.
type call struct {
	command     uint16
	off, length int64
	buf         []byte  // destination of a read
	received    []Range // parts of buf that were received
	chunks      int
	extents     []byte // block status: pairs of 32-bit length and flags
	err         error
	done        chan struct{}
}

// startCall sends a request. c.done is closed when the answer is complete or the connection has
// ended.
func (e *Export) startCall(c *call) {
	c.done = make(chan struct{})
	cookie, err := e.addCall(c)
	if err != nil {
		c.err = err
		close(c.done)
		return
	}
	be := binary.BigEndian
	req := be.AppendUint32(make([]byte, 0, 28), magicRequest)
	req = be.AppendUint16(req, 0)
	req = be.AppendUint16(req, c.command)
	req = be.AppendUint64(req, cookie)
	req = be.AppendUint64(req, uint64(c.off))
	req = be.AppendUint32(req, uint32(c.length))
	e.sendRequest(req)
}

// addCall adds the call to the pending ones, so that it completes even if sending fails.
func (e *Export) addCall(c *call) (cookie uint64, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.err != nil {
		return 0, e.err
	}
	e.last++
	e.pending[e.last] = c
	e.updateDeadline()
	return e.last, nil
}

// updateDeadline sets the deadline for the server's next bytes, or removes it while no
// request is pending. The caller must hold mu.
func (e *Export) updateDeadline() {
	var deadline time.Time
	if len(e.pending) > 0 {
		deadline = time.Now().Add(e.replyTimeout)
	}
	_ = e.conn.SetReadDeadline(deadline) // fails only on a closed connection
}

func (e *Export) sendRequest(req []byte) {
	e.writing.Lock()
	defer e.writing.Unlock()
	err := e.conn.SetWriteDeadline(time.Now().Add(e.replyTimeout))
	if err == nil {
		_, err = e.conn.Write(req)
	}
	if err != nil {
		e.closeWith(connectionError(err))
	}
}

// readReplies is the only reader. When it returns, every call has completed.
func (e *Export) readReplies() {
	defer close(e.read)
	r := bufio.NewReaderSize(e.conn, 4096) // large reads bypass the buffer
	for {
		if err := e.readReply(r); err != nil {
			e.closeWith(connectionError(err))
			break
		}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for cookie, c := range e.pending {
		c.err = e.err
		close(c.done)
		delete(e.pending, cookie)
	}
}

func (e *Export) readReply(r io.Reader) error {
	var magic [4]byte
	if _, err := io.ReadFull(r, magic[:]); err != nil {
		return err
	}
	switch {
	case binary.BigEndian.Uint32(magic[:]) == magicSimple:
		return e.readSimpleReply(r)
	case binary.BigEndian.Uint32(magic[:]) == magicStructured && e.terms.structured:
		return e.readChunkReply(r)
	}
	return fmt.Errorf("%w: unknown reply magic", ErrProtocol)
}

func (e *Export) readSimpleReply(r io.Reader) error {
	var head [12]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return err
	}
	cookie, c, err := e.findCall(head[4:])
	if err != nil {
		return err
	}
	switch code := binary.BigEndian.Uint32(head[:]); {
	case code != 0:
		c.setError(&Error{Code: code})
	case e.terms.structured || c.command != cmdRead:
		return fmt.Errorf("%w: unexpected simple reply", ErrProtocol)
	default:
		if _, err := io.ReadFull(r, c.buf); err != nil {
			return err
		}
		c.received = []Range{{0, c.length}}
	}
	return e.completeCall(cookie, c)
}

func (e *Export) readChunkReply(r io.Reader) error {
	var head [16]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return err
	}
	be := binary.BigEndian
	flags, kind, length := be.Uint16(head[:]), be.Uint16(head[2:]), int64(be.Uint32(head[12:]))
	cookie, c, err := e.findCall(head[4:12])
	if err != nil {
		return err
	}
	if c.chunks++; c.chunks > maxChunks {
		return fmt.Errorf("%w: too many chunks", ErrProtocol)
	}
	if err := c.readChunk(r, kind, length, e.terms.contextID); err != nil {
		return err
	}
	if flags&chunkDone != 0 {
		return e.completeCall(cookie, c)
	}
	if kind == chunkNone {
		return fmt.Errorf("%w: empty chunk that is not the last", ErrProtocol)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.updateDeadline()
	return nil
}

func (e *Export) findCall(cookie []byte) (uint64, *call, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	id := binary.BigEndian.Uint64(cookie)
	c, ok := e.pending[id]
	if !ok {
		return 0, nil, fmt.Errorf("%w: reply to an unknown request", ErrProtocol)
	}
	return id, c, nil
}

// completeCall completes the call. An incomplete answer ends the connection.
func (e *Export) completeCall(cookie uint64, c *call) error {
	if c.err == nil {
		if err := c.checkComplete(); err != nil {
			return err
		}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.pending, cookie)
	e.updateDeadline()
	close(c.done)
	return nil
}

// setError records the first error reply.
func (c *call) setError(err *Error) {
	if c.err == nil {
		c.err = err
	}
}

// readChunk reads the contents of one chunk, which are length bytes long. An error ends the
// connection.
func (c *call) readChunk(r io.Reader, kind uint16, length int64, mapID uint32) error {
	switch {
	case kind == chunkNone && length == 0:
		return nil
	case kind == chunkData && c.command == cmdRead:
		return c.readData(r, length)
	case kind == chunkHole && c.command == cmdRead && length == 12:
		return c.readHole(r)
	case kind == chunkStatus && c.command == cmdBlockStatus && c.extents == nil:
		return c.readStatus(r, length, mapID)
	case kind&chunkError != 0:
		return c.readError(r, length)
	}
	return fmt.Errorf("%w: unexpected chunk of type %d with %d bytes", ErrProtocol, kind, length)
}

func (c *call) readData(r io.Reader, length int64) error {
	var head [8]byte
	if length <= int64(len(head)) {
		return fmt.Errorf("%w: empty data chunk", ErrProtocol)
	}
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return err
	}
	part, err := c.bufferPart(binary.BigEndian.Uint64(head[:]), length-int64(len(head)))
	if err != nil {
		return err
	}
	_, err = io.ReadFull(r, part)
	return err
}

func (c *call) readHole(r io.Reader) error {
	var body [12]byte
	if _, err := io.ReadFull(r, body[:]); err != nil {
		return err
	}
	part, err := c.bufferPart(binary.BigEndian.Uint64(body[:]), int64(binary.BigEndian.Uint32(body[8:])))
	clear(part)
	return err
}

// bufferPart returns the part of buf for n bytes of the disk at off.
func (c *call) bufferPart(off uint64, n int64) ([]byte, error) {
	first := off - uint64(c.off) // wraps around for off < c.off, and is then too large
	if first > uint64(c.length) || n <= 0 || n > c.length-int64(first) {
		return nil, fmt.Errorf("%w: data outside the request", ErrProtocol)
	}
	start := int64(first)
	if last := len(c.received) - 1; last >= 0 && c.received[last].End == start {
		c.received[last].End += n
	} else {
		c.received = append(c.received, Range{start, start + n})
	}
	return c.buf[start : start+n], nil
}

func (c *call) readStatus(r io.Reader, length int64, mapID uint32) error {
	if length < 12 || length > maxStatus || length%8 != 4 {
		return fmt.Errorf("%w: block status of %d bytes", ErrProtocol, length)
	}
	body := make([]byte, length)
	if _, err := io.ReadFull(r, body); err != nil {
		return err
	}
	if binary.BigEndian.Uint32(body) != mapID {
		return fmt.Errorf("%w: block status for another context", ErrProtocol)
	}
	c.extents = body[4:]
	return nil
}

func (c *call) readError(r io.Reader, length int64) error {
	if length < 6 || length > maxChunkText {
		return fmt.Errorf("%w: error chunk of %d bytes", ErrProtocol, length)
	}
	body := make([]byte, length)
	if _, err := io.ReadFull(r, body); err != nil {
		return err
	}
	code, text := binary.BigEndian.Uint32(body), body[6:]
	textLen := int(binary.BigEndian.Uint16(body[4:]))
	if code == 0 || textLen > len(text) {
		return fmt.Errorf("%w: malformed error chunk", ErrProtocol)
	}
	c.setError(&Error{Code: code, Message: string(text[:textLen])})
	return nil
}

// checkComplete checks that every requested byte was received exactly once.
func (c *call) checkComplete() error {
	if c.command == cmdBlockStatus {
		if c.extents == nil {
			return fmt.Errorf("%w: answer without a block status", ErrProtocol)
		}
		return nil
	}
	slices.SortFunc(c.received, func(a, b Range) int { return int(a.Start - b.Start) })
	var end int64
	for _, p := range c.received {
		if p.Start != end {
			return errIncomplete
		}
		end = p.End
	}
	if end != c.length {
		return errIncomplete
	}
	return nil
}

var errIncomplete = fmt.Errorf("%w: %w", ErrProtocol, errors.New("data is missing or duplicated"))

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
	// maxChunks bounds the chunks of one answer; QEMU sends at most one for each
	// sector of a read.
	maxChunks = maxRead/512 + 2
	// maxStatus bounds the extents in one answer; QEMU sends at most 128 Ki.
	maxStatus = 4 + 8*(256<<10)
)

// call is one request. Only the reader touches it between begin and done's
// closing.
type call struct {
	command     uint16
	off, length int64
	buf         []byte  // of a read
	got         []Range // what of buf has come
	chunks      int
	extents     []byte // of a block status: pairs of 32-bit length and flags
	err         error
	done        chan struct{}
}

// begin sends a request. Its done is closed when the whole answer is there or
// none will come.
func (e *Export) begin(c *call) {
	c.done = make(chan struct{})
	cookie, err := e.enter(c)
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
	e.send(req)
}

// enter notes the call, so that it is released even if it is never sent.
func (e *Export) enter(c *call) (cookie uint64, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.err != nil {
		return 0, e.err
	}
	e.last++
	e.pending[e.last] = c
	e.expectProgress()
	return e.last, nil
}

// expectProgress gives the server time for its next bytes, without limit while
// it owes nothing. The caller holds mu.
func (e *Export) expectProgress() {
	var deadline time.Time
	if len(e.pending) > 0 {
		deadline = time.Now().Add(e.silence)
	}
	_ = e.conn.SetReadDeadline(deadline) // fails only on a closed connection
}

func (e *Export) send(req []byte) {
	e.writing.Lock()
	defer e.writing.Unlock()
	err := e.conn.SetWriteDeadline(time.Now().Add(e.silence))
	if err == nil {
		_, err = e.conn.Write(req)
	}
	if err != nil {
		e.end(plain(err))
	}
}

// receive is the one reader. When it leaves, every call is released.
func (e *Export) receive() {
	defer close(e.read)
	r := bufio.NewReaderSize(e.conn, 4096) // large reads pass it by
	for {
		if err := e.receiveOne(r); err != nil {
			e.end(plain(err))
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

func (e *Export) receiveOne(r io.Reader) error {
	var magic [4]byte
	if _, err := io.ReadFull(r, magic[:]); err != nil {
		return err
	}
	switch {
	case binary.BigEndian.Uint32(magic[:]) == magicSimple:
		return e.receiveSimple(r)
	case binary.BigEndian.Uint32(magic[:]) == magicStructured && e.terms.structured:
		return e.receiveChunk(r)
	}
	return fmt.Errorf("%w: a reply that is none", ErrProtocol)
}

func (e *Export) receiveSimple(r io.Reader) error {
	var head [12]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return err
	}
	cookie, c, err := e.find(head[4:])
	if err != nil {
		return err
	}
	switch code := binary.BigEndian.Uint32(head[:]); {
	case code != 0:
		c.refuse(&Error{Code: code})
	case e.terms.structured || c.command != cmdRead:
		return fmt.Errorf("%w: a simple reply out of place", ErrProtocol)
	default:
		if _, err := io.ReadFull(r, c.buf); err != nil {
			return err
		}
		c.got = []Range{{0, c.length}}
	}
	return e.finish(cookie, c)
}

func (e *Export) receiveChunk(r io.Reader) error {
	var head [16]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return err
	}
	be := binary.BigEndian
	flags, kind, length := be.Uint16(head[:]), be.Uint16(head[2:]), int64(be.Uint32(head[12:]))
	cookie, c, err := e.find(head[4:12])
	if err != nil {
		return err
	}
	if c.chunks++; c.chunks > maxChunks {
		return fmt.Errorf("%w: no end of chunks", ErrProtocol)
	}
	if err := c.take(r, kind, length, e.terms.mapID); err != nil {
		return err
	}
	if flags&chunkDone != 0 {
		return e.finish(cookie, c)
	}
	if kind == chunkNone {
		return fmt.Errorf("%w: an empty chunk that is not the last", ErrProtocol)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.expectProgress()
	return nil
}

func (e *Export) find(cookie []byte) (uint64, *call, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	id := binary.BigEndian.Uint64(cookie)
	c, ok := e.pending[id]
	if !ok {
		return 0, nil, fmt.Errorf("%w: a reply to nothing", ErrProtocol)
	}
	return id, c, nil
}

// finish releases the call. An answer that is not whole ends the connection.
func (e *Export) finish(cookie uint64, c *call) error {
	if c.err == nil {
		if err := c.whole(); err != nil {
			return err
		}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.pending, cookie)
	e.expectProgress()
	close(c.done)
	return nil
}

// refuse keeps the first refusal.
func (c *call) refuse(err *Error) {
	if c.err == nil {
		c.err = err
	}
}

// take reads one chunk's content, of length bytes. An error is the
// connection's end.
func (c *call) take(r io.Reader, kind uint16, length int64, mapID uint32) error {
	switch {
	case kind == chunkNone && length == 0:
		return nil
	case kind == chunkData && c.command == cmdRead:
		return c.takeData(r, length)
	case kind == chunkHole && c.command == cmdRead && length == 12:
		return c.takeHole(r)
	case kind == chunkStatus && c.command == cmdBlockStatus && c.extents == nil:
		return c.takeStatus(r, length, mapID)
	case kind&chunkError != 0:
		return c.takeError(r, length)
	}
	return fmt.Errorf("%w: a chunk of kind %d and %d bytes", ErrProtocol, kind, length)
}

func (c *call) takeData(r io.Reader, length int64) error {
	var head [8]byte
	if length <= int64(len(head)) {
		return fmt.Errorf("%w: data of no bytes", ErrProtocol)
	}
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return err
	}
	part, err := c.room(binary.BigEndian.Uint64(head[:]), length-int64(len(head)))
	if err != nil {
		return err
	}
	_, err = io.ReadFull(r, part)
	return err
}

func (c *call) takeHole(r io.Reader) error {
	var body [12]byte
	if _, err := io.ReadFull(r, body[:]); err != nil {
		return err
	}
	part, err := c.room(binary.BigEndian.Uint64(body[:]), int64(binary.BigEndian.Uint32(body[8:])))
	clear(part)
	return err
}

// room is the part of buf for n bytes of the disk from off.
func (c *call) room(off uint64, n int64) ([]byte, error) {
	first := off - uint64(c.off) // wraps round, and is then too large
	if first > uint64(c.length) || n <= 0 || n > c.length-int64(first) {
		return nil, fmt.Errorf("%w: data that was not asked for", ErrProtocol)
	}
	start := int64(first)
	if last := len(c.got) - 1; last >= 0 && c.got[last].End == start {
		c.got[last].End += n
	} else {
		c.got = append(c.got, Range{start, start + n})
	}
	return c.buf[start : start+n], nil
}

func (c *call) takeStatus(r io.Reader, length int64, mapID uint32) error {
	if length < 12 || length > maxStatus || length%8 != 4 {
		return fmt.Errorf("%w: a block status of %d bytes", ErrProtocol, length)
	}
	body := make([]byte, length)
	if _, err := io.ReadFull(r, body); err != nil {
		return err
	}
	if binary.BigEndian.Uint32(body) != mapID {
		return fmt.Errorf("%w: a block status that was not asked for", ErrProtocol)
	}
	c.extents = body[4:]
	return nil
}

func (c *call) takeError(r io.Reader, length int64) error {
	if length < 6 || length > maxChunkText {
		return fmt.Errorf("%w: an error of %d bytes", ErrProtocol, length)
	}
	body := make([]byte, length)
	if _, err := io.ReadFull(r, body); err != nil {
		return err
	}
	code, text := binary.BigEndian.Uint32(body), body[6:]
	said := int(binary.BigEndian.Uint16(body[4:]))
	if code == 0 || said > len(text) {
		return fmt.Errorf("%w: an error without sense", ErrProtocol)
	}
	c.refuse(&Error{Code: code, Message: string(text[:said])})
	return nil
}

// whole tells whether every byte asked for has come, once.
func (c *call) whole() error {
	if c.command == cmdBlockStatus {
		if c.extents == nil {
			return fmt.Errorf("%w: no block status in the answer", ErrProtocol)
		}
		return nil
	}
	slices.SortFunc(c.got, func(a, b Range) int { return int(a.Start - b.Start) })
	var end int64
	for _, p := range c.got {
		if p.Start != end {
			return errPieces
		}
		end = p.End
	}
	if end != c.length {
		return errPieces
	}
	return nil
}

var errPieces = fmt.Errorf("%w: %w", ErrProtocol, errors.New("data is missing or came twice"))

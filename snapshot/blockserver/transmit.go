package blockserver

import (
	"io"
	"sync"
	"time"
)

// request is a request of the transmission phase.
type request struct {
	flags, command uint16
	cookie         uint64
	off            uint64
	length         uint32
}

// transmit serves requests until the client disconnects, violates the protocol or does not
// read its replies. It returns when no request is being served.
func (s *session) transmit() {
	requests := make(chan request)
	var serving sync.WaitGroup
	for range workers {
		serving.Go(func() {
			buf := sync.OnceValue(func() []byte { return make([]byte, readPart) })
			for r := range requests {
				if s.answer(r, buf) != nil {
					_ = s.conn.Close() // ends the reading below, too
				}
			}
		})
	}
	for {
		r, err := s.readRequest()
		if err != nil || r.command == cmdDisconnect {
			break
		}
		requests <- r
	}
	close(requests)
	serving.Wait()
}

// readRequest waits for a request and reads it. It skips the data of a write, which is refused
// later.
func (s *session) readRequest() (request, error) {
	if _, err := s.in.Peek(1); err != nil {
		return request{}, err
	}
	_ = s.conn.SetReadDeadline(time.Now().Add(messageTimeout))
	var b [28]byte
	if _, err := io.ReadFull(s.in, b[:]); err != nil {
		return request{}, err
	}
	if be.Uint32(b[:]) != requestMagic {
		return request{}, errProtocol
	}
	r := request{be.Uint16(b[4:]), be.Uint16(b[6:]), be.Uint64(b[8:]), be.Uint64(b[16:]), be.Uint32(b[24:])}
	if r.command == cmdWrite {
		if _, err := io.CopyN(io.Discard, s.in, int64(r.length)); err != nil {
			return request{}, err
		}
	}
	return r, s.conn.SetReadDeadline(time.Time{})
}

// answer performs a request and replies to it. The error means that the connection cannot be
// used any more.
func (s *session) answer(r request, buf func() []byte) error {
	switch r.command {
	case cmdWrite, cmdTrim, cmdWriteZeroes:
		return s.fail(r, errnoPermission, "the export is read-only")
	case cmdFlush:
		return s.done(r)
	case cmdRead, cmdCache, cmdBlockStatus:
	default:
		return s.fail(r, errnoInvalid, "unknown command")
	}
	allowed := uint16(0)
	if r.command == cmdBlockStatus {
		allowed = cmdFlagReqOne
	}
	size := uint64(s.disk.Size())
	switch {
	case r.flags&^allowed != 0:
		return s.fail(r, errnoInvalid, "unknown flags")
	case r.length == 0 || r.off > size || uint64(r.length) > size-r.off:
		return s.fail(r, errnoInvalid, "the range is empty or not within the disk")
	case r.command == cmdBlockStatus && !s.allocation:
		return s.fail(r, errnoInvalid, "no metadata context was selected")
	case r.command != cmdBlockStatus && r.length > maxRequest:
		return s.fail(r, errnoInvalid, "the range is too long")
	}
	start, end := int64(r.off), int64(r.off)+int64(r.length)
	switch {
	case r.command == cmdBlockStatus:
		return s.answerStatus(r, start, end)
	case r.command == cmdCache:
		if err := s.check(start, end, buf); err != nil {
			return s.fail(r, errnoIO, err.Error())
		}
		return s.done(r)
	case s.structured:
		return s.answerParts(r, start, end, buf)
	}
	return s.answerWhole(r, start, end, buf)
}

// part returns the first part of a range, of at most readPart bytes if it is data.
func (s *session) part(start, end int64) (partEnd int64, data bool, err error) {
	dataStart, dataEnd, err := s.disk.NextData(start)
	switch {
	case err != nil:
		s.report(err)
		return 0, false, err
	case dataStart > start:
		return min(dataStart, end), false, nil
	}
	return min(dataEnd, end, start+readPart), true, nil
}

// read reads a part into the buffer that buf returns, which has readPart bytes.
func (s *session) read(start, end int64, buf func() []byte) ([]byte, error) {
	p := buf()[:end-start]
	n, err := s.disk.ReadAt(p, start)
	if n == len(p) {
		return p, nil
	}
	if err == nil {
		err = io.ErrUnexpectedEOF
	}
	s.report(err)
	return nil, err
}

func (s *session) report(err error) {
	if s.opt.OnReadError != nil {
		s.opt.OnReadError(err)
	}
}

// check reads a range and discards its contents, which puts them into the disk's cache.
func (s *session) check(start, end int64, buf func() []byte) error {
	for start < end {
		partEnd, data, err := s.part(start, end)
		if err == nil && data {
			_, err = s.read(start, partEnd, buf)
		}
		if err != nil {
			return err
		}
		start = partEnd
	}
	return nil
}

// answerParts sends a range in chunks of a structured reply.
func (s *session) answerParts(r request, start, end int64, buf func() []byte) error {
	for start < end {
		partEnd, data, err := s.part(start, end)
		var content []byte
		if err == nil && data {
			content, err = s.read(start, partEnd, buf)
		}
		if err != nil {
			return s.fail(r, errnoIO, err.Error())
		}
		flags := uint16(0)
		if partEnd == end {
			flags = replyFlagDone
		}
		head := be.AppendUint64(nil, uint64(start))
		if data {
			err = s.chunk(r, flags, replyTypeOffsetData, head, content)
		} else {
			err = s.chunk(r, flags, replyTypeOffsetHole, be.AppendUint32(head, uint32(partEnd-start)))
		}
		if err != nil {
			return err
		}
		start = partEnd
	}
	return nil
}

// answerWhole sends a range in a simple reply, which starts with the result. So it first reads
// the range once, to avoid holding all of it in memory.
func (s *session) answerWhole(r request, start, end int64, buf func() []byte) error {
	if err := s.check(start, end, buf); err != nil {
		return s.fail(r, errnoIO, "")
	}
	return s.message(func() error {
		if _, err := s.out.Write(simpleHead(r, 0)); err != nil {
			return err
		}
		for start < end {
			partEnd := min(end, start+readPart)
			content, err := s.read(start, partEnd, buf)
			if err != nil {
				return err // too late for a reply
			}
			if _, err := s.out.Write(content); err != nil {
				return err
			}
			start = partEnd
		}
		return nil
	})
}

// answerStatus sends the extents of a range.
func (s *session) answerStatus(r request, start, end int64) error {
	status := be.AppendUint32(nil, metaContextID)
	limit := maxExtents
	if r.flags&cmdFlagReqOne != 0 {
		limit = 1
	}
	for n := 0; n < limit && start < end; n++ {
		dataStart, dataEnd, err := s.disk.NextData(start)
		if err != nil {
			s.report(err)
			return s.fail(r, errnoIO, err.Error())
		}
		extentEnd, state := min(dataStart, end), uint32(stateHole|stateZero)
		if dataStart <= start {
			extentEnd, state = min(dataEnd, end), 0
		}
		status = be.AppendUint32(status, uint32(extentEnd-start))
		status = be.AppendUint32(status, state)
		start = extentEnd
	}
	return s.chunk(r, replyFlagDone, replyTypeBlockStatus, status)
}

// done replies that a request without a result has succeeded.
func (s *session) done(r request) error {
	if s.structured {
		return s.chunk(r, replyFlagDone, replyTypeNone)
	}
	return s.message(func() error {
		_, err := s.out.Write(simpleHead(r, 0))
		return err
	})
}

// fail replies that a request has failed. text is for the client's log; a simple reply has
// none.
func (s *session) fail(r request, errno uint32, text string) error {
	if s.structured {
		text = text[:min(len(text), maxName)]
		head := be.AppendUint32(nil, errno)
		head = be.AppendUint16(head, uint16(len(text)))
		return s.chunk(r, replyFlagDone, replyTypeError, head, []byte(text))
	}
	return s.message(func() error {
		_, err := s.out.Write(simpleHead(r, errno))
		return err
	})
}

func simpleHead(r request, errno uint32) []byte {
	head := be.AppendUint32(nil, simpleMagic)
	head = be.AppendUint32(head, errno)
	return be.AppendUint64(head, r.cookie)
}

// chunk sends one chunk of a structured reply.
func (s *session) chunk(r request, flags, kind uint16, data ...[]byte) error {
	length := 0
	for _, d := range data {
		length += len(d)
	}
	head := be.AppendUint32(nil, structuredMagic)
	head = be.AppendUint16(head, flags)
	head = be.AppendUint16(head, kind)
	head = be.AppendUint64(head, r.cookie)
	head = be.AppendUint32(head, uint32(length))
	return s.message(func() error {
		for _, d := range append([][]byte{head}, data...) {
			if _, err := s.out.Write(d); err != nil {
				return err
			}
		}
		return nil
	})
}

// message runs send, which writes a message to out, and flushes it. The client has
// messageTimeout to read it.
func (s *session) message(send func() error) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	_ = s.conn.SetWriteDeadline(time.Now().Add(messageTimeout))
	if err := send(); err != nil {
		return err
	}
	return s.out.Flush()
}

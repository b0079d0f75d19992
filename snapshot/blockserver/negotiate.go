package blockserver

import (
	"bufio"
	"encoding/binary"
	"io"
	"net"
	"sync"
)

// session is the state of one connection.
type session struct {
	conn net.Conn
	in   *bufio.Reader
	disk Disk
	opt  Options

	// Negotiated.
	structured bool
	allocation bool // block status in the context base:allocation

	writing sync.Mutex // a message is written as a whole
	out     *bufio.Writer
}

func newSession(c net.Conn, disk Disk, opt Options) *session {
	return &session{conn: c, in: bufio.NewReader(c), out: bufio.NewWriterSize(c, 64<<10), disk: disk, opt: opt}
}

var be = binary.BigEndian

// negotiate performs the handshake, up to the client's choice of the export. It returns an
// error if the connection has to be closed, also when the client asked for that.
func (s *session) negotiate() error {
	hello := be.AppendUint64(nil, nbdMagic)
	hello = be.AppendUint64(hello, optionMagic)
	hello = be.AppendUint16(hello, flagFixedNewstyle|flagNoZeroes)
	if err := s.write(hello); err != nil {
		return err
	}
	var flags [4]byte
	if _, err := io.ReadFull(s.in, flags[:]); err != nil {
		return err
	}
	client := be.Uint32(flags[:])
	if client&^(flagFixedNewstyle|flagNoZeroes) != 0 {
		return errProtocol
	}
	for {
		chosen, err := s.answerOption(client&flagNoZeroes != 0)
		if err != nil || chosen {
			return err
		}
	}
}

// answerOption reads and answers one option. chosen means that transmission starts.
func (s *session) answerOption(noZeroes bool) (chosen bool, err error) {
	var head [16]byte
	if _, err := io.ReadFull(s.in, head[:]); err != nil {
		return false, err
	}
	option, length := be.Uint32(head[8:]), be.Uint32(head[12:])
	if be.Uint64(head[:]) != optionMagic || length > maxOption {
		return false, errProtocol
	}
	data := make([]byte, length)
	if _, err := io.ReadFull(s.in, data); err != nil {
		return false, err
	}
	switch option {
	case optExportName: // has no reply that could report an error
		if !s.isExport(string(data)) {
			return false, errProtocol
		}
		reply := be.AppendUint64(nil, uint64(s.disk.Size()))
		reply = be.AppendUint16(reply, exportFlags)
		if !noZeroes {
			reply = append(reply, make([]byte, 124)...)
		}
		return true, s.write(reply)
	case optAbort:
		_ = s.reply(option, repAck, nil) // the client need not wait for it
		return false, io.EOF
	case optList:
		if length > 0 {
			return false, s.reply(option, repErrInvalid, nil)
		}
		name := be.AppendUint32(nil, uint32(len(s.opt.Export)))
		if err := s.reply(option, repServer, append(name, s.opt.Export...)); err != nil {
			return false, err
		}
		return false, s.reply(option, repAck, nil)
	case optInfo, optGo:
		return s.answerInfo(option, data)
	case optStructuredReply:
		if length > 0 {
			return false, s.reply(option, repErrInvalid, nil)
		}
		s.structured = true
		return false, s.reply(option, repAck, nil)
	case optListMetaContext, optSetMetaContext:
		return false, s.answerMetaContext(option, data)
	}
	return false, s.reply(option, repErrUnsup, nil)
}

func (s *session) isExport(name string) bool { return name == "" || name == s.opt.Export }

func (s *session) answerInfo(option uint32, data []byte) (chosen bool, err error) {
	name, rest, ok := takeString(data)
	if !ok || len(rest) < 2 || len(rest) != 2+2*int(be.Uint16(rest)) {
		return false, s.reply(option, repErrInvalid, nil)
	}
	if !s.isExport(name) {
		return false, s.reply(option, repErrUnknown, nil)
	}
	export := be.AppendUint16(nil, infoExport)
	export = be.AppendUint64(export, uint64(s.disk.Size()))
	export = be.AppendUint16(export, exportFlags)
	blocks := be.AppendUint16(nil, infoBlockSize)
	for _, size := range []uint32{1, preferredBlock, maxRequest} { // minimum, preferred, maximum
		blocks = be.AppendUint32(blocks, size)
	}
	for _, info := range [][]byte{export, blocks} {
		if err := s.reply(option, repInfo, info); err != nil {
			return false, err
		}
	}
	return option == optGo, s.reply(option, repAck, nil)
}

// answerMetaContext lists or sets the metadata contexts, of which there is only one.
func (s *session) answerMetaContext(option uint32, data []byte) error {
	name, rest, ok := takeString(data)
	if !ok || len(rest) < 4 || !s.structured {
		return s.reply(option, repErrInvalid, nil)
	}
	if !s.isExport(name) {
		return s.reply(option, repErrUnknown, nil)
	}
	count := be.Uint32(rest)
	rest = rest[4:]
	found := count == 0 && option == optListMetaContext
	for range count {
		var query string
		if query, rest, ok = takeString(rest); !ok {
			return s.reply(option, repErrInvalid, nil)
		}
		found = found || query == metaContext || query == "base:" && option == optListMetaContext
	}
	if len(rest) > 0 {
		return s.reply(option, repErrInvalid, nil)
	}
	if option == optSetMetaContext {
		s.allocation = found
	}
	if found {
		context := be.AppendUint32(nil, metaContextID)
		if err := s.reply(option, repMetaContext, append(context, metaContext...)); err != nil {
			return err
		}
	}
	return s.reply(option, repAck, nil)
}

// takeString reads a string with its 32-bit length from the start of data.
func takeString(data []byte) (text string, rest []byte, ok bool) {
	if len(data) < 4 {
		return "", nil, false
	}
	n := be.Uint32(data)
	if n > maxName || int(n) > len(data)-4 {
		return "", nil, false
	}
	return string(data[4 : 4+n]), data[4+n:], true
}

func (s *session) reply(option, kind uint32, data []byte) error {
	message := be.AppendUint64(nil, optionReply)
	message = be.AppendUint32(message, option)
	message = be.AppendUint32(message, kind)
	message = be.AppendUint32(message, uint32(len(data)))
	return s.write(append(message, data...))
}

// write writes a message of the handshake.
func (s *session) write(message []byte) error {
	if _, err := s.out.Write(message); err != nil {
		return err
	}
	return s.out.Flush()
}

package nbd

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"os"
	"syscall"
)

const (
	magicServer = 0x4e42444d41474943 // "NBDMAGIC"
	magicOption = 0x49484156454f5054 // "IHAVEOPT"
	magicReply  = 0x0003e889045565a9

	flagFixedNewstyle = 1 << 0
	flagNoZeroes      = 1 << 1

	optGo              = 7
	optStructuredReply = 8
	optSetMetaContext  = 10

	repAck         = 1
	repInfo        = 3
	repMetaContext = 4
	repError       = 1 << 31
	repErrUnknown  = repError | 6

	infoExport    = 0
	infoBlockSize = 3

	// maxOption is the maximum size of one answer to an option in bytes, and maxAnswers the
	// maximum number of answers.
	maxOption  = 64 << 10
	maxAnswers = 64
	maxName    = 4096
)

// terms is the result of the handshake.
type terms struct {
	size       int64
	structured bool
	hasContext bool   // the server supports the meta context
	contextID  uint32 // ID of the meta context
}

// handshake opens the export with the fixed newstyle handshake, and with structured replies
// and the meta context if the server supports them.
func handshake(conn io.ReadWriter, export, metaContext string) (terms, error) {
	var t terms
	if len(export) > maxName {
		return t, fmt.Errorf("%w: name too long", ErrNoExport)
	}
	if err := readGreeting(conn); err != nil {
		return t, err
	}
	var err error
	if t.structured, err = negotiateOption(conn, optStructuredReply, nil, nil); err != nil {
		return t, err
	}
	name := append(binary.BigEndian.AppendUint32(nil, uint32(len(export))), export...)
	if t.structured {
		if err := t.selectMetaContext(conn, name, metaContext); err != nil {
			return t, err
		}
	}
	return t, t.openExport(conn, name)
}

func readGreeting(conn io.ReadWriter) error {
	var hello struct {
		Server, Option uint64
		Flags          uint16
	}
	if err := binary.Read(conn, binary.BigEndian, &hello); err != nil {
		return err
	}
	if hello.Server != magicServer || hello.Option != magicOption || hello.Flags&flagFixedNewstyle == 0 {
		return fmt.Errorf("%w: not a fixed newstyle greeting", ErrProtocol)
	}
	flags := uint32(hello.Flags & (flagFixedNewstyle | flagNoZeroes))
	return binary.Write(conn, binary.BigEndian, flags)
}

func (t *terms) selectMetaContext(conn io.ReadWriter, name []byte, metaContext string) error {
	data := binary.BigEndian.AppendUint32(bytes.Clone(name), 1)
	data = binary.BigEndian.AppendUint32(data, uint32(len(metaContext)))
	data = append(data, metaContext...)
	found := false
	_, err := negotiateOption(conn, optSetMetaContext, data, func(kind uint32, data []byte) error {
		if kind != repMetaContext || len(data) < 4 || string(data[4:]) != metaContext || found {
			return fmt.Errorf("%w: unexpected meta context", ErrProtocol)
		}
		found, t.contextID = true, binary.BigEndian.Uint32(data)
		return nil
	})
	t.hasContext = found
	if errors.Is(err, ErrNoExport) {
		return nil // opening the export reports it
	}
	return err
}

func (t *terms) openExport(conn io.ReadWriter, name []byte) error {
	sized := false
	ok, err := negotiateOption(conn, optGo, append(bytes.Clone(name), 0, 0), func(kind uint32, data []byte) error {
		if kind != repInfo || len(data) < 2 {
			return fmt.Errorf("%w: unexpected answer to GO", ErrProtocol)
		}
		switch info, body := binary.BigEndian.Uint16(data), data[2:]; info {
		case infoExport:
			if len(body) != 10 || binary.BigEndian.Uint64(body) > math.MaxInt64 {
				return fmt.Errorf("%w: malformed export information", ErrProtocol)
			}
			sized, t.size = true, int64(binary.BigEndian.Uint64(body))
		case infoBlockSize:
			if len(body) != 12 || binary.BigEndian.Uint32(body) != 1 || binary.BigEndian.Uint32(body[8:]) < maxRead {
				return errors.New("the NBD server requires other block sizes")
			}
		}
		return nil
	})
	switch {
	case err != nil:
		return err
	case !ok:
		return fmt.Errorf("%w: server does not support GO", ErrProtocol)
	case !sized:
		return fmt.Errorf("%w: export without a size", ErrProtocol)
	}
	return nil
}

// negotiateOption sends one option and calls each for every answer before the final one. It returns
// false if the server does not support the option.
func negotiateOption(conn io.ReadWriter, opt uint32, data []byte, each func(kind uint32, data []byte) error) (bool, error) {
	be := binary.BigEndian
	req := be.AppendUint64(make([]byte, 0, 16+len(data)), magicOption)
	req = be.AppendUint32(req, opt)
	req = be.AppendUint32(req, uint32(len(data)))
	if _, err := conn.Write(append(req, data...)); err != nil {
		return false, err
	}
	for range maxAnswers {
		kind, body, err := readOptionReply(conn, opt)
		switch {
		case err != nil:
			return false, err
		case kind == repAck:
			return true, nil
		case kind == repErrUnknown:
			return false, fmt.Errorf("%w: %q", ErrNoExport, body)
		case kind&repError != 0 && opt != optGo:
			return false, nil
		case kind&repError != 0:
			return false, &Error{Code: kind &^ repError, Message: string(body)}
		case each == nil:
			return false, fmt.Errorf("%w: unexpected answer %d to option %d", ErrProtocol, kind, opt)
		}
		if err := each(kind, body); err != nil {
			return false, err
		}
	}
	return false, fmt.Errorf("%w: too many answers to option %d", ErrProtocol, opt)
}

func readOptionReply(conn io.Reader, opt uint32) (kind uint32, body []byte, err error) {
	var head struct {
		Magic             uint64
		Option, Kind, Len uint32
	}
	if err := binary.Read(conn, binary.BigEndian, &head); err != nil {
		return 0, nil, err
	}
	if head.Magic != magicReply || head.Option != opt || head.Len > maxOption {
		return 0, nil, fmt.Errorf("%w: malformed answer to option %d", ErrProtocol, opt)
	}
	body = make([]byte, head.Len)
	_, err = io.ReadFull(conn, body)
	return head.Kind, body, err
}

// connectionError returns ErrSilent for a timeout, ErrGone for a closed connection, and any
// other error unchanged.
func connectionError(err error) error {
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return ErrSilent
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.ErrClosedPipe),
		errors.Is(err, net.ErrClosed), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return ErrGone
	}
	return err
}

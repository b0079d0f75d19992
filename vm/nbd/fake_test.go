package nbd

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"net"
	"testing"
	"time"
)

// bytesOf concatenates strings and big-endian numbers.
func bytesOf(parts ...any) []byte {
	var out []byte
	for _, p := range parts {
		switch p := p.(type) {
		case string:
			out = append(out, p...)
		case []byte:
			out = append(out, p...)
		default:
			var err error
			if out, err = binary.Append(out, binary.BigEndian, p); err != nil {
				panic(err)
			}
		}
	}
	return out
}

func answerTo(opt, kind uint32, body ...any) []byte {
	data := bytesOf(body...)
	return bytesOf(uint64(magicReply), opt, kind, uint32(len(data)), data)
}

func chunk(flags, kind uint16, cookie uint64, body ...any) []byte {
	data := bytesOf(body...)
	return bytesOf(uint32(magicStructured), flags, kind, cookie, uint32(len(data)), data)
}

var hello = bytesOf(uint64(magicServer), uint64(magicOption), uint16(3))

// handshakeReplies is a complete handshake for an export of 100 bytes.
var handshakeReplies = bytesOf(hello,
	answerTo(optStructuredReply, repAck),
	answerTo(optSetMetaContext, repMetaContext, uint32(9), allocation.context),
	answerTo(optSetMetaContext, repAck),
	answerTo(optGo, repInfo, uint16(infoExport), uint64(100), uint16(1)),
	answerTo(optGo, repAck))

// serve acts as a server: it sends greeting at once and the next of replies for each request.
// Then it closes the connection, or leaves it open if silent is true.
func serve(t testing.TB, silent bool, greeting []byte, replies ...[]byte) net.Conn {
	client, server := net.Pipe()
	left := make(chan struct{}, 2)
	greeted := make(chan struct{})
	go func() {
		defer func() { left <- struct{}{} }()
		defer close(greeted)
		_, err := server.Write(greeting)
		if err != nil || !bytes.Contains(greeting, answerTo(optGo, repAck)) && !silent {
			server.Close()
		}
	}()
	go func() {
		defer func() { left <- struct{}{} }()
		if !skipOptions(server) {
			return
		}
		<-greeted
		for _, reply := range replies {
			if _, err := io.CopyN(io.Discard, server, 28); err != nil {
				return
			}
			if _, err := server.Write(reply); err != nil {
				return
			}
		}
		if !silent {
			server.Close()
		}
		_, _ = io.Copy(io.Discard, server)
	}()
	t.Cleanup(func() {
		client.Close()
		server.Close()
		<-left
		<-left
	})
	return client
}

// skipOptions reads what a client sends before its first request.
func skipOptions(r io.Reader) bool {
	if _, err := io.CopyN(io.Discard, r, 4); err != nil {
		return false
	}
	for {
		var head struct {
			Magic       uint64
			Option, Len uint32
		}
		if binary.Read(r, binary.BigEndian, &head) != nil {
			return false
		}
		if _, err := io.CopyN(io.Discard, r, int64(head.Len)); err != nil {
			return false
		}
		if head.Option == optGo {
			return true
		}
	}
}

func openFake(t testing.TB, silent bool, greeting []byte, replies ...[]byte) (*Export, error) {
	e, err := open(context.Background(), serve(t, silent, greeting, replies...), "snap", allocation, time.Minute)
	if e != nil {
		t.Cleanup(func() { _ = e.Close() })
	}
	return e, err
}

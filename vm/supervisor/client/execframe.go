package client

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"sync"

	"vmterminal/vm/agent"
	"vmterminal/vm/agent/wire"
)

// ExecProtocol is the protocol of a connection for a guest command. It consists of
// frames: one byte for the kind, four bytes for the length (big endian), and the
// content. The first frame is the client's ExecRequest, the last one the server's
// ExecResult.
const ExecProtocol = "vmterminal-exec"

// Kinds of frames.
const (
	FrameCommand  = 'c' // JSON ExecRequest
	FrameStdin    = 'i' // input; empty means the end of the input
	FrameSize     = 's' // the terminal's size, as in wire.Resize
	FrameStdout   = 'o' // output; empty only checks the connection
	FrameStderr   = 'e'
	FrameFinished = 'f' // JSON ExecResult
	// FrameQuery is a query for the terminal's foreground program; FrameForeground is the
	// answer (JSON ForegroundReply), in the order of the queries. Supervisors that support
	// queries send an empty answer first; earlier versions fail on queries.
	FrameQuery      = 'q'
	FrameForeground = 'p'
)

// Maximum sizes of a frame's content in bytes. Supervisors of earlier versions reject
// commands that are longer than MaxFrame.
const (
	MaxFrame   = 64 << 10
	MaxCommand = wire.MaxPayload // for FrameCommand
)

// ExecRequest is the content of FrameCommand.
type ExecRequest struct {
	// Supervisors of earlier versions reject bytes that are not valid UTF-8.
	Args  wire.ByteStrings `json:"args"`
	Dir   wire.Bytes       `json:"dir,omitempty"`
	Env   wire.ByteStrings `json:"env,omitempty"`
	Input bool             `json:"input"` // input frames follow
	// Columns and Rows are greater than 0 for a command on a terminal.
	Columns uint16 `json:"columns,omitempty"`
	Rows    uint16 `json:"rows,omitempty"`
}

// ExecResult is the content of FrameFinished.
type ExecResult struct {
	Exit  int          `json:"exit"`
	Error *RemoteError `json:"error,omitempty"`
}

// ForegroundReply is the content of FrameForeground.
type ForegroundReply struct {
	Program string       `json:"program"`
	Error   *RemoteError `json:"error,omitempty"`
}

// FrameWriter writes frames from several goroutines.
type FrameWriter struct {
	mu sync.Mutex
	w  io.Writer
}

// NewFrameWriter returns a FrameWriter that writes to w.
func NewFrameWriter(w io.Writer) *FrameWriter { return &FrameWriter{w: w} }

// Send writes one frame, whose content must fit in the buffer of the reader; see ReadFrame.
func (f *FrameWriter) Send(kind byte, content []byte) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	head := [5]byte{kind}
	binary.BigEndian.PutUint32(head[1:], uint32(len(content)))
	if _, err := f.w.Write(append(head[:], content...)); err != nil {
		return err
	}
	return nil
}

// SendJSON writes one frame with v as JSON. A command that is longer than MaxCommand is
// rejected with agent.ErrNotExecutable.
func (f *FrameWriter) SendJSON(kind byte, v any) error {
	content, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if kind == FrameCommand && len(content) > MaxCommand {
		return fmt.Errorf("%w: command, arguments and environment have %d bytes, the limit is %d", agent.ErrNotExecutable, len(content), MaxCommand)
	}
	return f.Send(kind, content)
}

// Stream returns a Writer that sends the written data as frames.
func (f *FrameWriter) Stream(kind byte) io.Writer { return frameStream{f, kind} }

type frameStream struct {
	f    *FrameWriter
	kind byte
}

func (s frameStream) Write(p []byte) (int, error) {
	for sent := 0; sent < len(p); {
		part := p[sent:min(len(p), sent+MaxFrame)]
		if err := s.f.Send(s.kind, part); err != nil {
			return sent, err
		}
		sent += len(part)
	}
	return len(p), nil
}

// ReadFrame reads one frame, whose content must fit in buf and is valid until buf is
// used again.
func ReadFrame(r io.Reader, buf []byte) (kind byte, content []byte, err error) {
	var head [5]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, nil, err
	}
	n := binary.BigEndian.Uint32(head[1:])
	if uint64(n) > uint64(len(buf)) {
		return 0, nil, fmt.Errorf("frame too long: %d bytes", n)
	}
	_, err = io.ReadFull(r, buf[:n])
	return head[0], buf[:n], err
}

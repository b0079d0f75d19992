package supervisor

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"sync"

	"vmterminal/vm/agent"
	"vmterminal/vm/agent/wire"
)

// execProtocol is the protocol of a connection for a guest command. It consists of
// frames: one byte for the kind, four bytes for the length (big endian), and the
// content. The first frame is the client's execRequest, the last one the server's
// execResult.
const execProtocol = "vmterminal-exec"

// Kinds of frames.
const (
	frameCommand  = 'c' // JSON execRequest
	frameStdin    = 'i' // input; empty means the end of the input
	frameSize     = 's' // the terminal's size, as in wire.Resize
	frameStdout   = 'o' // output; empty only checks the connection
	frameStderr   = 'e'
	frameFinished = 'f' // JSON execResult
	// frameAsk is a query for the terminal's foreground program; frameFront is the answer
	// (JSON foregroundReply), in the order of the queries. Supervisors that support
	// queries send an empty answer first; earlier versions fail on queries.
	frameAsk   = 'q'
	frameFront = 'p'
)

// Maximum sizes of a frame's content in bytes. Supervisors of earlier versions reject
// commands that are longer than maxFrame.
const (
	maxFrame   = 64 << 10
	maxCommand = wire.MaxPayload // for frameCommand
)

type execRequest struct {
	// Supervisors of earlier versions reject bytes that are not valid UTF-8.
	Args  wire.ByteStrings `json:"args"`
	Dir   wire.Bytes       `json:"dir,omitempty"`
	Env   wire.ByteStrings `json:"env,omitempty"`
	Input bool             `json:"input"` // input frames follow
	// Columns and Rows are greater than 0 for a command on a terminal.
	Columns uint16 `json:"columns,omitempty"`
	Rows    uint16 `json:"rows,omitempty"`
}

type execResult struct {
	Exit  int          `json:"exit"`
	Error *remoteError `json:"error,omitempty"`
}

type foregroundReply struct {
	Program string       `json:"program"`
	Error   *remoteError `json:"error,omitempty"`
}

// frameWriter writes frames from several goroutines.
type frameWriter struct {
	mu sync.Mutex
	w  io.Writer
}

// NewFrameWriter returns a frameWriter that writes to w.
func NewFrameWriter(w io.Writer) *frameWriter { return &frameWriter{w: w} }

func (f *frameWriter) send(kind byte, content []byte) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	head := [5]byte{kind}
	binary.BigEndian.PutUint32(head[1:], uint32(len(content)))
	if _, err := f.w.Write(append(head[:], content...)); err != nil {
		return err
	}
	return nil
}

func (f *frameWriter) sendJSON(kind byte, v any) error {
	content, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if kind == frameCommand && len(content) > maxCommand {
		return fmt.Errorf("%w: command, arguments and environment have %d bytes, the limit is %d", agent.ErrNotExecutable, len(content), maxCommand)
	}
	return f.send(kind, content)
}

// Stream returns a Writer that sends the written data as frames.
func (f *frameWriter) Stream(kind byte) io.Writer { return frameStream{f, kind} }

type frameStream struct {
	f    *frameWriter
	kind byte
}

func (s frameStream) Write(p []byte) (int, error) {
	for sent := 0; sent < len(p); {
		part := p[sent:min(len(p), sent+maxFrame)]
		if err := s.f.send(s.kind, part); err != nil {
			return sent, err
		}
		sent += len(part)
	}
	return len(p), nil
}

// readFrame reads one frame, whose content must fit in buf and is valid until buf is
// used again.
func readFrame(r io.Reader, buf []byte) (kind byte, content []byte, err error) {
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

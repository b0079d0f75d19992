package host

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"sync"
)

// execProtocol is what the connection of a guest command is upgraded to:
// frames of one byte that says what, four bytes of length (big endian), and
// that many bytes. The first is the client's execAsk; the last the server's
// execResult.
const execProtocol = "vmterminal-exec"

// What a frame holds.
const (
	frameCommand  = 'c' // JSON execAsk
	frameStdin    = 'i' // input; none means its end
	frameSize     = 's' // the terminal's size, as in wire.Resize
	frameStdout   = 'o' // output; none is only to see whether the client is there
	frameStderr   = 'e'
	frameFinished = 'f' // JSON execResult
	// A question for the program in front of the terminal, and its answer, JSON
	// execFront; both in the order asked. An answer without content comes first: it
	// says that questions may be asked, which ended the command in earlier versions.
	frameAsk   = 'q'
	frameFront = 'p'
)

// maxFrame bounds a frame's content, in bytes.
const maxFrame = 64 << 10

type execAsk struct {
	Args  []string `json:"args"`
	Dir   string   `json:"dir,omitempty"`
	Env   []string `json:"env,omitempty"`
	Input bool     `json:"input"` // frames of input follow
	// Columns and Rows are more than 0 for a command on a terminal.
	Columns uint16 `json:"columns,omitempty"`
	Rows    uint16 `json:"rows,omitempty"`
}

type execResult struct {
	Exit  int          `json:"exit"`
	Error *remoteError `json:"error,omitempty"`
}

type execFront struct {
	Program string       `json:"program"`
	Error   *remoteError `json:"error,omitempty"`
}

// frameWriter writes frames from several goroutines.
type frameWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (f *frameWriter) send(what byte, content []byte) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	head := [5]byte{what}
	binary.BigEndian.PutUint32(head[1:], uint32(len(content)))
	if _, err := f.w.Write(append(head[:], content...)); err != nil {
		return err
	}
	return nil
}

func (f *frameWriter) sendJSON(what byte, v any) error {
	content, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if len(content) > maxFrame {
		return fmt.Errorf("%d bytes are too many for one request", len(content))
	}
	return f.send(what, content)
}

// stream returns a Writer that sends what it gets as frames.
func (f *frameWriter) stream(what byte) io.Writer { return frameStream{f, what} }

type frameStream struct {
	f    *frameWriter
	what byte
}

func (s frameStream) Write(p []byte) (int, error) {
	for sent := 0; sent < len(p); {
		part := p[sent:min(len(p), sent+maxFrame)]
		if err := s.f.send(s.what, part); err != nil {
			return sent, err
		}
		sent += len(part)
	}
	return len(p), nil
}

// readFrame reads one frame; its content is only good until the next.
func readFrame(r io.Reader, buf *[maxFrame]byte) (what byte, content []byte, err error) {
	var head [5]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, nil, err
	}
	n := binary.BigEndian.Uint32(head[1:])
	if n > maxFrame {
		return 0, nil, fmt.Errorf("a frame of %d bytes", n)
	}
	_, err = io.ReadFull(r, buf[:n])
	return head[0], buf[:n], err
}

//go:build linux

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"syscall"

	"vmterminal/vm/agent/wire"
)

const (
	// maxCommands limits concurrent commands, maxControls other concurrent requests.
	// They are separate so that commands cannot prevent a freeze. Requests beyond the
	// limit are answered with CodeBusy.
	maxCommands = 64
	maxControls = 64
)

// A server handles the frames of one port.
type server struct {
	freezer    freezer
	console    console
	identifier identifier
	power      powerSwitch

	portMu sync.Mutex
	port   *os.File

	mu      sync.Mutex
	session uint64
	calls   map[uint32]*call
}

// A call is a pending request.
type call struct {
	server    *server
	session   uint64
	stream    uint32
	isCommand bool // the request runs a command
	cancel    context.CancelFunc
	// stdin, stdout and stderr are used only for commands.
	stdin          *wire.Inbox
	stdout, stderr *wire.SendWindow
	// sizes has the latest size of the command's terminal until it has been applied.
	sizes chan winsize
	// terminal is the command's terminal, if any.
	terminal atomic.Pointer[terminal]
}

// newServer returns a server for the guest whose files are below root.
func newServer(root string) *server {
	s := &server{calls: map[uint32]*call{}, power: powerSwitch{command: "/sbin/poweroff"}}
	s.identifier.root, s.identifier.freezer = root, &s.freezer
	return s
}

func (s *server) setPort(port *os.File) {
	s.portMu.Lock()
	defer s.portMu.Unlock()
	s.port = port
}

// send writes one frame. It ignores errors, which the next read also returns.
func (s *server) send(f wire.Frame) {
	s.portMu.Lock()
	defer s.portMu.Unlock()
	if s.port != nil {
		_, _ = s.port.Write(f.Append(nil))
	}
}

// endSession cancels all calls and thaws file systems.
func (s *server) endSession() {
	s.mu.Lock()
	s.session = 0
	for _, c := range s.calls {
		c.cancel()
	}
	s.calls = map[uint32]*call{}
	s.mu.Unlock()
	_ = s.freezer.thaw()
}

// handleFrame handles one frame and reports whether it was useful. It does not wait for
// requests to complete.
func (s *server) handleFrame(f wire.Frame) bool {
	if f.Kind == wire.Request {
		return s.handleRequest(f)
	}
	s.mu.Lock()
	c := s.calls[f.Stream]
	s.mu.Unlock()
	if c == nil || c.session != f.Session {
		return false
	}
	switch f.Kind {
	case wire.Cancel:
		c.cancel()
	case wire.Data:
		if f.Channel != wire.Stdin || !c.stdin.Put(f.Payload) {
			c.cancel()
		}
	case wire.End:
		c.stdin.End()
	case wire.Resize:
		columns, rows, ok := wire.ParseSize(f.Payload)
		if ok {
			c.setLatestSize(winsize{columns, rows})
		}
		return ok
	case wire.Credit:
		switch f.Channel {
		case wire.Stdout:
			c.stdout.Add(wire.ParseCredit(f.Payload))
		case wire.Stderr:
			c.stderr.Add(wire.ParseCredit(f.Payload))
		default:
		}
	default:
		return false
	}
	return true
}

func (s *server) handleRequest(f wire.Frame) bool {
	var req wire.RequestBody
	if err := json.Unmarshal(f.Payload, &req); err != nil {
		return false
	}
	if req.Op == wire.OpHello {
		s.startSession(f.Session)
	}
	s.mu.Lock()
	if f.Session == 0 || f.Session != s.session {
		s.mu.Unlock()
		s.send(wire.Frame{Kind: wire.NoSession, Session: f.Session, Stream: f.Stream})
		return true
	}
	command := req.Op == wire.OpRun || req.Op == wire.OpTerminal
	if s.isFull(command) || s.calls[f.Stream] != nil {
		s.mu.Unlock()
		s.sendAnswer(f, wire.ResponseBody{}, &wire.Error{Code: wire.CodeBusy, Text: "too many requests at once"})
		return true
	}
	ctx, cancel := context.WithCancel(context.Background())
	c := &call{
		server: s, session: f.Session, stream: f.Stream, isCommand: command, cancel: cancel,
		stdin: wire.NewInbox(), stdout: wire.NewSendWindow(), stderr: wire.NewSendWindow(),
		sizes: make(chan winsize, 1),
	}
	s.calls[f.Stream] = c
	s.mu.Unlock()
	go func() {
		defer cancel()
		answer, err := s.execute(ctx, c, req)
		s.mu.Lock()
		if s.calls[f.Stream] == c {
			delete(s.calls, f.Stream)
		}
		s.mu.Unlock()
		s.sendAnswer(f, answer, err)
		if req.Op == wire.OpPowerOff && err == nil {
			s.power.powerOff()
		}
	}()
	return true
}

// isFull reports whether the limit for commands, or for other requests, is reached. The
// caller must hold mu.
func (s *server) isFull(command bool) bool {
	limit := maxControls
	if command {
		limit = maxCommands
	}
	for _, c := range s.calls {
		if c.isCommand == command {
			limit--
		}
	}
	return limit <= 0
}

// startSession makes session the current session. Another hello in the same session changes nothing.
func (s *server) startSession(session uint64) {
	s.mu.Lock()
	known := s.session == session
	s.mu.Unlock()
	if known {
		return
	}
	s.endSession()
	s.mu.Lock()
	s.session = session
	s.mu.Unlock()
}

func (s *server) sendAnswer(f wire.Frame, answer wire.ResponseBody, err error) {
	if err != nil {
		var coded *wire.Error
		if !errors.As(err, &coded) {
			coded = &wire.Error{Code: wire.CodeFailed, Text: err.Error()}
		}
		answer = wire.ResponseBody{Error: coded}
	}
	payload, err := json.Marshal(answer)
	if err != nil || len(payload) > wire.MaxMessage {
		payload = fmt.Appendf(nil, `{"error":{"code":%q,"text":"the answer is too long"}}`, wire.CodeFailed)
	}
	s.send(wire.Frame{Kind: wire.Response, Session: f.Session, Stream: f.Stream, Payload: payload})
}

func (s *server) execute(ctx context.Context, c *call, req wire.RequestBody) (wire.ResponseBody, error) {
	switch req.Op {
	case wire.OpHello, wire.OpInfo:
		return wire.ResponseBody{Info: collectInfo()}, nil
	case wire.OpResize:
		return wire.ResponseBody{}, s.console.resize(req.Columns, req.Rows)
	case wire.OpSync:
		syscall.Sync()
		return wire.ResponseBody{}, nil
	case wire.OpFreeze:
		return wire.ResponseBody{}, s.freezer.freeze(req.LimitMillis)
	case wire.OpThaw:
		return wire.ResponseBody{}, s.freezer.thaw()
	case wire.OpTrim:
		n, err := s.freezer.trim(ctx)
		return wire.ResponseBody{Trimmed: n}, err
	case wire.OpPowerOff:
		_ = s.freezer.thaw()
		return wire.ResponseBody{}, nil
	case wire.OpRun:
		exit, err := s.run(ctx, c, req.Run)
		return wire.ResponseBody{Exit: exit}, err
	case wire.OpTerminal:
		exit, err := s.runOnTerminal(ctx, c, req)
		return wire.ResponseBody{Exit: exit}, err
	case wire.OpForeground:
		program, err := s.foregroundProgram(req.Terminal)
		return wire.ResponseBody{Program: program}, err
	case wire.OpPrograms:
		return wire.ResponseBody{Programs: foregroundPrograms("/proc")}, nil
	case wire.OpIdentity:
		if req.Identity == nil {
			return wire.ResponseBody{}, &wire.Error{Code: wire.CodeFailed, Text: "no identity given"}
		}
		// ctx is not used: an interrupted change would have to be repeated.
		result, err := s.identifier.apply(*req.Identity)
		return wire.ResponseBody{IdentityResult: result}, err
	case wire.OpClock:
		moved, err := setClock(req.UnixNano)
		return wire.ResponseBody{ClockMoved: int64(moved)}, err
	case wire.OpMount:
		problems, err := mountShares(ctx, req.Mounts)
		return wire.ResponseBody{MountProblems: problems}, err
	}
	return wire.ResponseBody{}, &wire.Error{Code: wire.CodeUnsupported, Text: fmt.Sprintf("unknown operation %.40q", req.Op)}
}

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

// maxCalls bounds what runs at once; a host that asks for more is told busy.
const maxCalls = 64

// A server answers the frames of one port.
type server struct {
	freezer    freezer
	console    console
	identifier identifier
	power      powerSwitch

	sending sync.Mutex
	port    *os.File

	mu      sync.Mutex
	session uint64
	calls   map[uint32]*call
}

// A call is one request that is being worked on.
type call struct {
	server  *server
	session uint64
	stream  uint32
	cancel  context.CancelFunc
	// Only a run command has these.
	stdin          *wire.Inbox
	stdout, stderr *wire.Allowance
	// sizes gets those of the command's terminal; what is not taken is overtaken
	// by the next.
	sizes chan winsize
	// terminal is the command's, if it has one.
	terminal atomic.Pointer[terminal]
}

// newServer returns a server of the guest whose files are below root.
func newServer(root string) *server {
	s := &server{calls: map[uint32]*call{}, power: powerSwitch{command: "/sbin/poweroff"}}
	s.identifier.root, s.identifier.freezer = root, &s.freezer
	return s
}

func (s *server) setPort(port *os.File) {
	s.sending.Lock()
	defer s.sending.Unlock()
	s.port = port
}

// send writes one frame whole. A failure shows when the port is next read.
func (s *server) send(f wire.Frame) {
	s.sending.Lock()
	defer s.sending.Unlock()
	if s.port != nil {
		_, _ = s.port.Write(f.Append(nil))
	}
}

// endSession ends all that the host has begun, as it is not there to end it.
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

// handle is called for each frame, in order, and does not wait for anything
// that a request does.
func (s *server) handle(f wire.Frame) bool {
	if f.Kind == wire.Request {
		return s.request(f)
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
			c.resized(winsize{columns, rows})
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

func (s *server) request(f wire.Frame) bool {
	var ask wire.Ask
	if err := json.Unmarshal(f.Payload, &ask); err != nil {
		return false
	}
	if ask.Op == wire.OpHello {
		s.greet(f.Session)
	}
	s.mu.Lock()
	if f.Session == 0 || f.Session != s.session {
		s.mu.Unlock()
		s.send(wire.Frame{Kind: wire.NoSession, Session: f.Session, Stream: f.Stream})
		return true
	}
	if len(s.calls) >= maxCalls || s.calls[f.Stream] != nil {
		s.mu.Unlock()
		s.answer(f, wire.Answer{}, &wire.Error{Code: wire.CodeBusy, Text: "too many requests at once"})
		return true
	}
	ctx, cancel := context.WithCancel(context.Background())
	c := &call{
		server: s, session: f.Session, stream: f.Stream, cancel: cancel,
		stdin: wire.NewInbox(), stdout: wire.NewAllowance(), stderr: wire.NewAllowance(),
		sizes: make(chan winsize, 1),
	}
	s.calls[f.Stream] = c
	s.mu.Unlock()
	go func() {
		defer cancel()
		answer, err := s.perform(ctx, c, ask)
		s.mu.Lock()
		if s.calls[f.Stream] == c {
			delete(s.calls, f.Stream)
		}
		s.mu.Unlock()
		s.answer(f, answer, err)
		if ask.Op == wire.OpPowerOff && err == nil {
			s.power.off()
		}
	}()
	return true
}

// greet makes session the one that is served. Saying hello again in the same
// session changes nothing.
func (s *server) greet(session uint64) {
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

func (s *server) answer(f wire.Frame, answer wire.Answer, err error) {
	if err != nil {
		var coded *wire.Error
		if !errors.As(err, &coded) {
			coded = &wire.Error{Code: wire.CodeFailed, Text: err.Error()}
		}
		answer = wire.Answer{Error: coded}
	}
	payload, err := json.Marshal(answer)
	if err != nil || len(payload) > wire.MaxMessage {
		payload = fmt.Appendf(nil, `{"error":{"code":%q,"text":"the answer is too long"}}`, wire.CodeFailed)
	}
	s.send(wire.Frame{Kind: wire.Response, Session: f.Session, Stream: f.Stream, Payload: payload})
}

func (s *server) perform(ctx context.Context, c *call, ask wire.Ask) (wire.Answer, error) {
	switch ask.Op {
	case wire.OpHello, wire.OpInfo:
		return wire.Answer{Info: collectInfo()}, nil
	case wire.OpResize:
		return wire.Answer{}, s.console.resize(ask.Columns, ask.Rows)
	case wire.OpSync:
		syscall.Sync()
		return wire.Answer{}, nil
	case wire.OpFreeze:
		return wire.Answer{}, s.freezer.freeze(ask.LimitMillis)
	case wire.OpThaw:
		return wire.Answer{}, s.freezer.thaw()
	case wire.OpTrim:
		n, err := s.freezer.trim(ctx)
		return wire.Answer{Trimmed: n}, err
	case wire.OpPowerOff:
		_ = s.freezer.thaw()
		return wire.Answer{}, nil
	case wire.OpRun:
		exit, err := s.run(ctx, c, ask.Run)
		return wire.Answer{Exit: exit}, err
	case wire.OpTerminal:
		exit, err := s.runOnTerminal(ctx, c, ask)
		return wire.Answer{Exit: exit}, err
	case wire.OpFront:
		program, err := s.front(ask.Terminal)
		return wire.Answer{Program: program}, err
	case wire.OpIdentity:
		if ask.Identity == nil {
			return wire.Answer{}, &wire.Error{Code: wire.CodeFailed, Text: "no identity given"}
		}
		// Without ctx: what is half done would be done again.
		did, err := s.identifier.take(*ask.Identity)
		return wire.Answer{Identified: did}, err
	case wire.OpMount:
		problems, err := mountAll(ctx, ask.Mounts)
		return wire.Answer{MountProblems: problems}, err
	}
	return wire.Answer{}, &wire.Error{Code: wire.CodeUnsupported, Text: fmt.Sprintf("unknown operation %.40q", ask.Op)}
}

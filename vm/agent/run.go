package agent

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"sync"
	"time"
	"unicode/utf8"

	"vmterminal/vm/agent/wire"
)

// helloTimeout is how long Run waits for an agent that has not answered a hello.
const helloTimeout = 10 * time.Second

// Command is a command to run in a guest as root.
type Command struct {
	Args []string // Args[0] is looked up in the guest's PATH
	Env  []string // "NAME=value", added to the agent's environment
	Dir  string   // root's home if empty
	// Stdin may be read before the command reads its input. Run may return while a Read
	// is pending; the data from that Read is lost. Nil means no input.
	Stdin io.Reader
	// Stdout and Stderr receive the command's output, each from one goroutine and never
	// after Run has returned. A slow Writer slows down the command. Nil discards the
	// output.
	Stdout, Stderr io.Writer
	// Terminal, if not nil, runs the command on a terminal. Then all output goes to
	// Stdout, and empty Args mean root's login shell.
	Terminal *Terminal
}

// Terminal is a terminal that the guest creates for one command. An agent that is too
// old for terminals returns ErrUnsupported.
type Terminal struct {
	// Size is the initial size.
	Size Size
	// Resized, if not nil, provides new sizes. It is read until the command has exited.
	Resized <-chan Size
	// ForegroundQueries, if not nil, provides queries. Each query that was received is
	// called once, from any goroutine.
	ForegroundQueries <-chan ForegroundQuery
}

// A ForegroundQuery is called with the name of the program in the foreground of a
// terminal. The name comes from the guest and is printable. It is "" for the command
// that was started on the terminal, such as a shell at its prompt. err is
// ErrUnsupported if the guest's agent is too old.
type ForegroundQuery func(program string, err error)

// Size is the size of a terminal in cells.
type Size struct{ Columns, Rows uint16 }

// Run runs a command in the guest and returns its exit code, or 128 plus the signal
// number if it was killed by a signal. Args, Env and Dir may contain any bytes, but
// agents before version 2 return ErrUnsupported if they are not valid UTF-8. If ctx is
// canceled, or if a Writer or Stdin fails, the command's process group is killed and the
// error is returned.
// Run returns ErrNotFound if the command does not exist, and ErrNotExecutable if it
// cannot be executed.
func (c *Client) Run(ctx context.Context, command Command) (exit int, err error) {
	greetCtx, cancelGreet := context.WithTimeout(ctx, helloTimeout)
	version, err := c.ensureGreeted(greetCtx)
	cancelGreet()
	if err != nil {
		return 0, err
	}
	if version < wire.BytesVersion && !isUTF8(command) {
		return 0, fmt.Errorf("run: a command that is not valid UTF-8 is %w, which is too old", ErrUnsupported)
	}
	ctx, abort := context.WithCancelCause(ctx)
	defer abort(nil)
	k := &call{
		answer: make(chan result, 1),
		stdin:  wire.NewSendWindow(),
		stdout: wire.NewInbox(),
		stderr: wire.NewInbox(),
		abort:  abort,
	}
	req := wire.RequestBody{Op: wire.OpRun, Run: &wire.Command{
		Args: command.Args, Env: command.Env, Dir: wire.Bytes(command.Dir), Input: command.Stdin != nil,
	}}
	if t := command.Terminal; t != nil {
		req.Op, req.Columns, req.Rows = wire.OpTerminal, int(t.Size.Columns), int(t.Size.Rows)
	}
	start := time.Now()
	defer func() {
		c.logRequest(ctx, req.Op, start, err, slog.Int64("sent", k.sent.Load()), slog.Int64("received", k.received.Load()))
	}()
	stream, err := c.startCall(ctx, k, req)
	if err != nil {
		return 0, fmt.Errorf("run: %w", err)
	}
	defer c.endCall(stream, true)
	return c.runStreams(ctx, k, stream, command)
}

func isUTF8(c Command) bool {
	for _, s := range slices.Concat(c.Args, c.Env, []string{c.Dir}) {
		if !utf8.ValidString(s) {
			return false
		}
	}
	return true
}

// runStreams copies the streams of a command until it has exited and all output has been
// written.
func (c *Client) runStreams(ctx context.Context, k *call, stream uint32, command Command) (int, error) {
	if command.Stdin != nil {
		go func() {
			if err := c.sendInput(ctx, k, stream, command.Stdin); err != nil {
				k.abort(err)
			}
		}()
	}
	if command.Terminal != nil {
		go c.forwardSizes(ctx, stream, command.Terminal.Resized)
		go c.answerForegroundQueries(ctx, stream, command.Terminal.ForegroundQueries)
	}
	var outputs sync.WaitGroup
	startCopy := func(ch wire.Channel, box *wire.Inbox, to io.Writer) {
		outputs.Go(func() {
			if err := c.copyOutput(ctx, k, stream, ch, box, to); err != nil {
				k.abort(err)
			}
		})
	}
	startCopy(wire.Stdout, k.stdout, command.Stdout)
	startCopy(wire.Stderr, k.stderr, command.Stderr)

	var answer wire.ResponseBody
	var err error
	select {
	case r := <-k.answer:
		answer, err = r.check(wire.OpRun)
		// A correct agent has already ended both.
		k.stdout.End()
		k.stderr.End()
	case <-ctx.Done():
	}
	outputs.Wait()
	if ctx.Err() != nil {
		return 0, fmt.Errorf("run: %w", context.Cause(ctx))
	}
	if err != nil {
		return 0, err
	}
	if answer.Exit < 0 || answer.Exit > 255 {
		return 0, fmt.Errorf("run: %w: exit code %d", ErrBadAnswer, answer.Exit)
	}
	return answer.Exit, nil
}

// sendInput sends standard input.
func (c *Client) sendInput(ctx context.Context, k *call, stream uint32, stdin io.Reader) error {
	buf := make([]byte, wire.ChunkSize)
	for {
		n, err := stdin.Read(buf)
		for rest := buf[:n]; len(rest) > 0; {
			room, err := k.stdin.Acquire(ctx, len(rest))
			if err != nil {
				return nil // the call has ended, and has its own error
			}
			data := append([]byte(nil), rest[:room]...)
			rest = rest[room:]
			k.sent.Add(int64(room))
			if err := c.send(ctx, wire.Frame{Kind: wire.Data, Channel: wire.Stdin, Stream: stream, Payload: data}); err != nil {
				return nil // as above
			}
		}
		if errors.Is(err, io.EOF) {
			_ = c.send(ctx, wire.Frame{Kind: wire.End, Channel: wire.Stdin, Stream: stream})
			return nil
		}
		if err != nil {
			return fmt.Errorf("read standard input: %w", err)
		}
	}
}

// forwardSizes sends the new sizes of a command's terminal.
func (c *Client) forwardSizes(ctx context.Context, stream uint32, sizes <-chan Size) {
	for {
		select {
		case s, more := <-sizes:
			if !more {
				return
			}
			f := wire.Frame{Kind: wire.Resize, Stream: stream, Payload: wire.SizePayload(s.Columns, s.Rows)}
			if c.send(ctx, f) != nil {
				return // the call has ended
			}
		case <-ctx.Done():
			return
		}
	}
}

// copyOutput writes one output stream and sends credit for the written bytes.
func (c *Client) copyOutput(ctx context.Context, k *call, stream uint32, ch wire.Channel, box *wire.Inbox, to io.Writer) error {
	if to == nil {
		to = io.Discard
	}
	for {
		data, err := box.Take(ctx)
		if err != nil {
			return nil // end of the output or of the call
		}
		if _, err := to.Write(data); err != nil {
			return fmt.Errorf("write output: %w", err)
		}
		box.Release(len(data))
		k.received.Add(int64(len(data)))
		credit := wire.Frame{Kind: wire.Credit, Channel: ch, Stream: stream, Payload: wire.CreditPayload(len(data))}
		if err := c.send(ctx, credit); err != nil {
			return nil // as above
		}
	}
}

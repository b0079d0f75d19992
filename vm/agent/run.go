package agent

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"vmterminal/vm/agent/wire"
)

// greetLimit is how long Run waits for an agent that has not said hello.
const greetLimit = 10 * time.Second

// Command is what to run in a guest, as root.
type Command struct {
	Args []string // Args[0] is looked up in the guest's PATH
	Env  []string // "NAME=value", added to the agent's
	Dir  string   // root's home if empty
	// Stdin is read ahead of what the command consumes. Run may return while a
	// Read is still waiting; its bytes are lost. Nil: the command gets none.
	Stdin io.Reader
	// Stdout and Stderr get what the command writes, each from one goroutine,
	// never after Run has returned. A slow Writer slows the command. Nil: it is
	// dropped.
	Stdout, Stderr io.Writer
	// Terminal, if not nil, is what the command runs on; all that it writes goes
	// to Stdout then, and no Args mean root's login shell.
	Terminal *Terminal
}

// Terminal is a terminal that the guest makes for one command. A guest whose
// agent knows of none answers ErrUnsupported.
type Terminal struct {
	// Size is what it has at first.
	Size Size
	// Resized gives the sizes that it has later; nil: it keeps the first. It is
	// read until the command has ended.
	Resized <-chan Size
	// Asked are questions for the program in front of it; nil: there are none. Each
	// that is taken is called once, from any goroutine.
	Asked <-chan Question
}

// A Question gets the name of the program that has a terminal's keyboard, as the
// guest tells it: printable, "" for the command that was started on the terminal,
// such as a shell that waits for a line. ErrUnsupported: the guest's agent cannot
// tell.
type Question func(program string, err error)

// Size is a terminal's, in cells.
type Size struct{ Columns, Rows uint16 }

// Run runs a command in the guest and returns its exit code: 0 to 255, 128 and
// the signal's number if one killed it. When ctx ends, so does the command,
// with all of its process group. An error of a Writer or of Stdin ends the
// command too, and is returned. ErrNotFound: there is no such command.
func (c *Client) Run(ctx context.Context, what Command) (exit int, err error) {
	greetCtx, cancelGreet := context.WithTimeout(ctx, greetLimit)
	err = c.known(greetCtx)
	cancelGreet()
	if err != nil {
		return 0, err
	}
	ctx, abort := context.WithCancelCause(ctx)
	defer abort(nil)
	k := &call{
		answer: make(chan result, 1),
		stdin:  wire.NewAllowance(),
		stdout: wire.NewInbox(),
		stderr: wire.NewInbox(),
		abort:  abort,
	}
	ask := wire.Ask{Op: wire.OpRun, Run: &wire.Command{
		Args: what.Args, Env: what.Env, Dir: what.Dir, Input: what.Stdin != nil,
	}}
	if t := what.Terminal; t != nil {
		ask.Op, ask.Columns, ask.Rows = wire.OpTerminal, int(t.Size.Columns), int(t.Size.Rows)
	}
	stream, err := c.open(ctx, k, ask)
	if err != nil {
		return 0, fmt.Errorf("run: %w", err)
	}
	defer c.forget(stream, true)
	return c.attend(ctx, k, stream, what)
}

// attend carries the streams of a command until its answer has come and its
// output is written.
func (c *Client) attend(ctx context.Context, k *call, stream uint32, what Command) (int, error) {
	if what.Stdin != nil {
		go func() {
			if err := c.feed(ctx, k, stream, what.Stdin); err != nil {
				k.abort(err)
			}
		}()
	}
	if what.Terminal != nil {
		go c.resizeTerminal(ctx, stream, what.Terminal.Resized)
		go c.answerQuestions(ctx, stream, what.Terminal.Asked)
	}
	var outputs sync.WaitGroup
	carry := func(ch wire.Channel, box *wire.Inbox, to io.Writer) {
		outputs.Go(func() {
			if err := c.carry(ctx, stream, ch, box, to); err != nil {
				k.abort(err)
			}
		})
	}
	carry(wire.Stdout, k.stdout, what.Stdout)
	carry(wire.Stderr, k.stderr, what.Stderr)

	var answer wire.Answer
	var err error
	select {
	case r := <-k.answer:
		answer, err = r.check(wire.OpRun)
		// An honest agent has said so before.
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

// feed sends Stdin as Data.
func (c *Client) feed(ctx context.Context, k *call, stream uint32, stdin io.Reader) error {
	buf := make([]byte, wire.ChunkSize)
	for {
		n, err := stdin.Read(buf)
		for rest := buf[:n]; len(rest) > 0; {
			room, err := k.stdin.Take(ctx, len(rest))
			if err != nil {
				return nil // the call has ended; who ended it says why
			}
			data := append([]byte(nil), rest[:room]...)
			rest = rest[room:]
			if err := c.send(ctx, wire.Frame{Kind: wire.Data, Channel: wire.Stdin, Stream: stream, Payload: data}); err != nil {
				return nil // as above
			}
		}
		if errors.Is(err, io.EOF) {
			_ = c.send(ctx, wire.Frame{Kind: wire.End, Channel: wire.Stdin, Stream: stream})
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading standard input: %w", err)
		}
	}
}

// resizeTerminal passes the sizes of a command's terminal on.
func (c *Client) resizeTerminal(ctx context.Context, stream uint32, sizes <-chan Size) {
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

// carry writes one output and gives credit for what is written.
func (c *Client) carry(ctx context.Context, stream uint32, ch wire.Channel, box *wire.Inbox, to io.Writer) error {
	if to == nil {
		to = io.Discard
	}
	for {
		data, err := box.Take(ctx)
		if err != nil {
			return nil // the end, or the call has ended
		}
		if _, err := to.Write(data); err != nil {
			return fmt.Errorf("writing output: %w", err)
		}
		box.Consumed(len(data))
		credit := wire.Frame{Kind: wire.Credit, Channel: ch, Stream: stream, Payload: wire.CreditPayload(len(data))}
		if err := c.send(ctx, credit); err != nil {
			return nil // as above
		}
	}
}

package host

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"vmterminal/vm/agent"
	"vmterminal/vm/agent/wire"
)

// exec runs a command in the guest for as long as the client stays.
func (a *api) exec(w http.ResponseWriter, r *http.Request) {
	guest := a.m.agent.current()
	if guest == nil {
		refuse(w, ErrNoAgent)
		return
	}
	a.upgrade(w, r, execProtocol, func(conn net.Conn, input io.Reader) {
		ctx, cancel := context.WithCancel(a.over)
		defer cancel()
		out := &frameWriter{w: conn}
		exit, err := execFor(ctx, cancel, guest, input, out)
		result := execResult{Exit: exit}
		if err != nil {
			result.Error = toRemote(err)
		}
		_ = out.sendJSON(frameFinished, result) // a client that has left needs none
	})
}

// execFor reads what to run and carries its streams; gone is called when the
// client leaves.
func execFor(ctx context.Context, gone func(), guest guestAgent, in io.Reader, out *frameWriter) (int, error) {
	var buf [maxFrame]byte
	what, content, err := readFrame(in, &buf)
	if err != nil {
		return 0, err
	}
	var ask execAsk
	if err := json.Unmarshal(content, &ask); what != frameCommand || err != nil || len(ask.Args) == 0 && ask.Columns == 0 {
		return 0, errors.New("no command was asked for")
	}
	input, feed := io.Pipe()
	fed := terminalInput{feed: feed, sizes: make(chan agent.Size, 1), asked: make(chan agent.Question, mostAsked)}
	go func() {
		defer gone()
		feed.CloseWithError(fed.take(in, out))
	}()
	command := agent.Command{
		Args: ask.Args, Dir: ask.Dir, Env: ask.Env,
		Stdout: out.stream(frameStdout), Stderr: out.stream(frameStderr),
	}
	if ask.Columns > 0 {
		command.Terminal = &agent.Terminal{Size: agent.Size{Columns: ask.Columns, Rows: ask.Rows}, Resized: fed.sizes, Asked: fed.asked}
		if err := out.send(frameFront, nil); err != nil {
			return 0, err
		}
	}
	if ask.Input {
		command.Stdin = input
	}
	defer input.Close()
	return guest.Run(ctx, command)
}

// mostAsked is how many questions for the program in front may wait.
const mostAsked = 8

// terminalInput is what a client sends a command.
type terminalInput struct {
	feed  *io.PipeWriter
	sizes chan agent.Size
	asked chan agent.Question
}

// take passes on what the client sends, until it leaves. After the input's end it
// only watches for that.
func (t *terminalInput) take(in io.Reader, out *frameWriter) error {
	var buf [maxFrame]byte
	for {
		what, content, err := readFrame(in, &buf)
		switch {
		case err != nil:
			return io.ErrUnexpectedEOF
		case what == frameSize:
			if columns, rows, ok := wire.ParseSize(content); ok {
				overtake(t.sizes, agent.Size{Columns: columns, Rows: rows})
			}
		case what == frameAsk:
			err = t.ask(out)
		case what != frameStdin:
			return fmt.Errorf("a frame %q instead of input", what)
		case len(content) == 0:
			t.feed.Close()
		default:
			err = handOver(content, t.feed, out)
		}
		if err != nil {
			return err
		}
	}
}

// ask has the program in front told to the client.
func (t *terminalInput) ask(out *frameWriter) error {
	select {
	case t.asked <- func(program string, err error) {
		front := execFront{Program: program}
		if err != nil {
			front.Error = toRemote(err)
		}
		_ = out.sendJSON(frameFront, front) // a client that has left needs none
	}:
		return nil
	default:
		return fmt.Errorf("more than %d questions at once", mostAsked)
	}
}

// overtake sends a size in the place of one that nobody took yet.
func overtake(sizes chan agent.Size, size agent.Size) {
	select {
	case <-sizes:
	default:
	}
	sizes <- size // there is room: nobody else sends
}

// knockEvery is how often a client is looked for whose command takes no input.
const knockEvery = time.Second

// handOver waits until the command has taken the input, or has ended. Meanwhile
// nothing is read of the client, so that it has left shows only by sending it
// something: output of no bytes.
func handOver(content []byte, feed *io.PipeWriter, out *frameWriter) error {
	taken := make(chan struct{})
	go func() {
		defer close(taken)
		_, _ = feed.Write(content) // fails when the command reads no more
	}()
	knock := time.NewTicker(knockEvery)
	defer knock.Stop()
	for {
		select {
		case <-taken:
			return nil
		case <-knock.C:
			if err := out.send(frameStdout, nil); err != nil {
				return err
			}
		}
	}
}

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
	sizes := make(chan agent.Size, 1)
	go func() {
		defer gone()
		feed.CloseWithError(takeInput(in, feed, sizes, out))
	}()
	command := agent.Command{
		Args: ask.Args, Dir: ask.Dir, Env: ask.Env,
		Stdout: out.stream(frameStdout), Stderr: out.stream(frameStderr),
	}
	if ask.Columns > 0 {
		command.Terminal = &agent.Terminal{Size: agent.Size{Columns: ask.Columns, Rows: ask.Rows}, Resized: sizes}
	}
	if ask.Input {
		command.Stdin = input
	}
	defer input.Close()
	return guest.Run(ctx, command)
}

// takeInput passes input, and the terminal's sizes, on until the client leaves.
// After the input's end it only watches for that.
func takeInput(in io.Reader, feed *io.PipeWriter, sizes chan agent.Size, out *frameWriter) error {
	var buf [maxFrame]byte
	for {
		what, content, err := readFrame(in, &buf)
		switch {
		case err != nil:
			return io.ErrUnexpectedEOF
		case what == frameSize:
			if columns, rows, ok := wire.ParseSize(content); ok {
				overtake(sizes, agent.Size{Columns: columns, Rows: rows})
			}
		case what != frameStdin:
			return fmt.Errorf("a frame %q instead of input", what)
		case len(content) == 0:
			feed.Close()
		default:
			if err := handOver(content, feed, out); err != nil {
				return err
			}
		}
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

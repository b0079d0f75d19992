package supervisor

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
	"vmterminal/vm/supervisor/client"
)

// exec runs a command in the guest until it exits or the client disconnects.
func (a *api) exec(w http.ResponseWriter, r *http.Request) {
	guest, lost, err := a.m.answeringAgent(r.Context())
	if err != nil {
		sendConflict(w, err)
		return
	}
	a.upgrade(w, r, client.ExecProtocol, func(conn net.Conn, input io.Reader) {
		ctx, cancel := context.WithCancelCause(a.upgradeContext)
		defer cancel(nil)
		isRunning := func() bool { return a.m.state.get().State == client.Running }
		go watchAgent(ctx, guest, lost, isRunning, cancel)
		out := client.NewFrameWriter(conn)
		var result client.ExecResult
		_ = conn.SetReadDeadline(time.Now().Add(a.bodyTimeout))
		req, err := readExecRequest(input)
		if err == nil {
			_ = conn.SetReadDeadline(time.Time{})
			result.Exit, err = runGuestCommand(ctx, func() { cancel(nil) }, guest, req, input, out)
		}
		if err != nil {
			result.Error = client.NewRemoteError(explainAgentLoss(err, a.m.currentProcess()))
		}
		_ = out.SendJSON(client.FrameFinished, result) // fails if the client has disconnected
	})
}

// readExecRequest reads the command from a client.
func readExecRequest(in io.Reader) (req client.ExecRequest, err error) {
	kind, content, err := client.ReadFrame(in, make([]byte, client.MaxCommand))
	if err != nil {
		return req, err
	}
	if err := json.Unmarshal(content, &req); kind != client.FrameCommand || err != nil || len(req.Args) == 0 && req.Columns == 0 {
		return req, errors.New("invalid command request")
	}
	return req, nil
}

// runGuestCommand runs a command and copies its streams. It calls disconnected when the
// client disconnects.
func runGuestCommand(ctx context.Context, disconnected func(), guest guestAgent, req client.ExecRequest, in io.Reader, out *client.FrameWriter) (int, error) {
	input, feed := io.Pipe()
	fed := clientInput{feed: feed, sizes: make(chan agent.Size, 1), queries: make(chan agent.ForegroundQuery, maxPendingQueries)}
	go func() {
		defer disconnected()
		feed.CloseWithError(fed.forward(in, out))
	}()
	command := agent.Command{
		Args: req.Args, Dir: string(req.Dir), Env: req.Env,
		Stdout: out.Stream(client.FrameStdout), Stderr: out.Stream(client.FrameStderr),
	}
	if req.Columns > 0 {
		command.Terminal = &agent.Terminal{Size: agent.Size{Columns: req.Columns, Rows: req.Rows}, Resized: fed.sizes, ForegroundQueries: fed.queries}
		if err := out.Send(client.FrameForeground, nil); err != nil {
			return 0, err
		}
	}
	if req.Input {
		command.Stdin = input
	}
	defer input.Close()
	return guest.Run(ctx, command)
}

// maxPendingQueries is how many foreground queries may be pending.
const maxPendingQueries = 8

// clientInput receives a client's input, terminal sizes and foreground queries.
type clientInput struct {
	feed    *io.PipeWriter
	sizes   chan agent.Size
	queries chan agent.ForegroundQuery
}

// forward handles the client's frames until the client disconnects.
func (t *clientInput) forward(in io.Reader, out *client.FrameWriter) error {
	var buf [client.MaxFrame]byte
	for {
		kind, content, err := client.ReadFrame(in, buf[:])
		switch {
		case err != nil:
			return io.ErrUnexpectedEOF
		case kind == client.FrameSize:
			if columns, rows, ok := wire.ParseSize(content); ok {
				replaceSize(t.sizes, agent.Size{Columns: columns, Rows: rows})
			}
		case kind == client.FrameQuery:
			err = t.query(out)
		case kind != client.FrameStdin:
			return fmt.Errorf("unexpected frame %q", kind)
		case len(content) == 0:
			t.feed.Close()
		default:
			err = writeInput(content, t.feed, out)
		}
		if err != nil {
			return err
		}
	}
}

// query queues a foreground query whose answer is sent to the client.
func (t *clientInput) query(out *client.FrameWriter) error {
	select {
	case t.queries <- func(program string, err error) {
		reply := client.ForegroundReply{Program: program}
		if err != nil {
			reply.Error = client.NewRemoteError(err)
		}
		_ = out.SendJSON(client.FrameForeground, reply) // fails if the client has disconnected
	}:
		return nil
	default:
		return fmt.Errorf("more than %d pending foreground queries", maxPendingQueries)
	}
}

// replaceSize sends a size and drops one that has not been received yet.
func replaceSize(sizes chan agent.Size, size agent.Size) {
	select {
	case <-sizes:
	default:
	}
	sizes <- size // does not block, as there is only one sender
}

// clientCheckInterval is how often writeInput checks that the client is connected.
const clientCheckInterval = time.Second

// writeInput waits until the command has read the input or has exited. In the meantime
// nothing is read from the client, so a disconnect is detected by sending empty output.
func writeInput(content []byte, feed *io.PipeWriter, out *client.FrameWriter) error {
	written := make(chan struct{})
	go func() {
		defer close(written)
		_, _ = feed.Write(content) // fails after the command has closed its input
	}()
	check := time.NewTicker(clientCheckInterval)
	defer check.Stop()
	for {
		select {
		case <-written:
			return nil
		case <-check.C:
			if err := out.Send(client.FrameStdout, nil); err != nil {
				return err
			}
		}
	}
}

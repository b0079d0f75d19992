package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"vmterminal/vm/agent"
	"vmterminal/vm/agent/wire"
)

// Exec runs a command in the guest and returns its exit code; see [agent.Client.Run]
// for the contract. It returns ErrNoAgent if the guest's agent does not answer.
func (c *Client) Exec(ctx context.Context, command agent.Command) (exit int, err error) {
	stream, err := c.upgraded(ctx, "/v1/exec", ExecProtocol)
	if err != nil {
		return 0, err
	}
	defer stream.Close()
	defer context.AfterFunc(ctx, func() { stream.Close() })()
	exit, err = runExec(stream, command)
	if ctx.Err() != nil {
		return 0, ctx.Err()
	}
	if errors.Is(err, errExecDisconnected) {
		err = fmt.Errorf("%w: %w", err, c.explainFailure(io.ErrUnexpectedEOF))
	}
	return exit, err
}

// errExecDisconnected means that the connection was closed before the command exited.
var errExecDisconnected = errors.New("the connection to the command was lost")

func runExec(stream io.ReadWriteCloser, command agent.Command) (int, error) {
	out := NewFrameWriter(stream)
	req := ExecRequest{Args: command.Args, Dir: wire.Bytes(command.Dir), Env: command.Env, Input: command.Stdin != nil}
	if t := command.Terminal; t != nil {
		req.Columns, req.Rows = t.Size.Columns, t.Size.Rows
	}
	if err := out.SendJSON(FrameCommand, req); err != nil {
		return 0, fmt.Errorf("send the command: %w", err)
	}
	var queries foregroundQueries
	if command.Terminal != nil {
		done := make(chan struct{})
		defer close(done)
		go sendSizes(out, command.Terminal.Resized, done)
		go queries.send(out, command.Terminal.ForegroundQueries, done)
	}
	defer queries.end()
	inputFailed := make(chan error, 1)
	if command.Stdin != nil {
		go func() {
			if err := sendInput(out, command.Stdin); err != nil {
				inputFailed <- err
				stream.Close() // makes the supervisor kill the command
			}
		}()
	}
	var buf [MaxFrame]byte
	for {
		kind, content, err := ReadFrame(stream, buf[:])
		if err != nil {
			select {
			case err := <-inputFailed:
				return 0, err
			default:
				return 0, errExecDisconnected
			}
		}
		switch kind {
		case FrameStdout:
			err = writeOutput(command.Stdout, content)
		case FrameStderr:
			err = writeOutput(command.Stderr, content)
		case FrameForeground:
			err = queries.handleAnswer(content)
		case FrameFinished:
			var result ExecResult
			if err := json.Unmarshal(content, &result); err != nil {
				return 0, fmt.Errorf("parse the command's result: %w", err)
			}
			if result.Error != nil {
				return 0, result.Error
			}
			return result.Exit, nil
		}
		if err != nil {
			return 0, err
		}
	}
}

// sendInput sends standard input and its end. It returns an error only if reading
// fails, which the command must not mistake for the end of its input. If sending
// fails, the connection is closed and ReadFrame fails as well.
func sendInput(out *FrameWriter, stdin io.Reader) error {
	buf := make([]byte, wire.ChunkSize)
	for {
		n, err := stdin.Read(buf)
		if n > 0 && out.Send(FrameStdin, buf[:n]) != nil {
			return nil
		}
		if errors.Is(err, io.EOF) {
			_ = out.Send(FrameStdin, nil) // if it fails, ReadFrame fails as well
			return nil
		}
		if err != nil {
			return fmt.Errorf("read standard input: %w", err)
		}
	}
}

// sendSizes sends the terminal's sizes until done is closed.
func sendSizes(out *FrameWriter, sizes <-chan agent.Size, done <-chan struct{}) {
	for {
		select {
		case s, more := <-sizes:
			if !more || out.Send(FrameSize, wire.SizePayload(s.Columns, s.Rows)) != nil {
				return
			}
		case <-done:
			return
		}
	}
}

func writeOutput(to io.Writer, content []byte) error {
	if to == nil || len(content) == 0 {
		return nil
	}
	_, err := to.Write(content)
	return err
}

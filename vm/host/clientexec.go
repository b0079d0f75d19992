package host

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"vmterminal/vm/agent"
	"vmterminal/vm/agent/wire"
)

// Exec runs a command in the guest through its agent and returns its exit code;
// see agent.Client.Run, whose contract it has. ErrNoAgent when the guest's agent
// does not answer. When ctx ends the command is ended too.
func (c *Client) Exec(ctx context.Context, what agent.Command) (exit int, err error) {
	stream, err := c.upgraded(ctx, "/v1/exec", execProtocol)
	if err != nil {
		return 0, err
	}
	defer stream.Close()
	defer context.AfterFunc(ctx, func() { stream.Close() })()
	exit, err = execOver(stream, what)
	if ctx.Err() != nil {
		return 0, ctx.Err()
	}
	return exit, err
}

func execOver(stream io.ReadWriter, what agent.Command) (int, error) {
	out := &frameWriter{w: stream}
	ask := execAsk{Args: what.Args, Dir: what.Dir, Env: what.Env, Input: what.Stdin != nil}
	if t := what.Terminal; t != nil {
		ask.Columns, ask.Rows = t.Size.Columns, t.Size.Rows
	}
	if err := out.sendJSON(frameCommand, ask); err != nil {
		return 0, fmt.Errorf("ask for the command: %w", err)
	}
	var fronts questions
	if what.Terminal != nil {
		over := make(chan struct{})
		defer close(over)
		go sendSizes(out, what.Terminal.Resized, over)
		go fronts.send(out, what.Terminal.Asked, over)
	}
	defer fronts.end()
	if what.Stdin != nil {
		go func() {
			if _, err := io.Copy(out.stream(frameStdin), what.Stdin); err == nil {
				_ = out.send(frameStdin, nil) // the command's end is seen by its result
			}
		}()
	}
	var buf [maxFrame]byte
	for {
		kind, content, err := readFrame(stream, &buf)
		if err != nil {
			return 0, errors.New("the VM stopped before the command ended")
		}
		switch kind {
		case frameStdout:
			err = pass(what.Stdout, content)
		case frameStderr:
			err = pass(what.Stderr, content)
		case frameFront:
			err = fronts.answered(content)
		case frameFinished:
			var result execResult
			if err := json.Unmarshal(content, &result); err != nil {
				return 0, fmt.Errorf("the command's result: %w", err)
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

// sendSizes passes a terminal's sizes on until over is closed.
func sendSizes(out *frameWriter, sizes <-chan agent.Size, over <-chan struct{}) {
	for {
		select {
		case s, more := <-sizes:
			if !more || out.send(frameSize, wire.SizePayload(s.Columns, s.Rows)) != nil {
				return
			}
		case <-over:
			return
		}
	}
}

func pass(to io.Writer, content []byte) error {
	if to == nil || len(content) == 0 {
		return nil
	}
	_, err := to.Write(content)
	return err
}

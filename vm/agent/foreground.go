package agent

import (
	"context"

	"vmterminal/vm/agent/wire"
)

// maxProgramName is the maximum length of a program's name in characters; Linux allows 15.
const maxProgramName = 40

// answerForegroundQueries answers queries for the foreground program of a command's
// terminal.
func (c *Client) answerForegroundQueries(ctx context.Context, stream uint32, queries <-chan ForegroundQuery) {
	for {
		select {
		case q, more := <-queries:
			if !more {
				return
			}
			answer, err := c.request(ctx, foregroundTimeout, wire.RequestBody{Op: wire.OpForeground, Terminal: stream})
			q(toPrintable(answer.Program, maxProgramName), err)
		case <-ctx.Done():
			return
		}
	}
}

// Programs returns the names of at most 8 programs in the foreground of any of the
// guest's terminals, without shells at their prompt. It returns ErrUnsupported if the
// agent is too old.
func (c *Client) Programs(ctx context.Context) ([]string, error) {
	answer, err := c.request(ctx, foregroundTimeout, wire.RequestBody{Op: wire.OpPrograms})
	if err != nil {
		return nil, err
	}
	return printableList(answer.Programs, maxProgramName), nil
}

package agent

import (
	"context"

	"vmterminal/vm/agent/wire"
)

// longestProgram bounds a program's name, in characters; Linux keeps 15.
const longestProgram = 40

// answerQuestions asks the guest what is in front of a command's terminal.
func (c *Client) answerQuestions(ctx context.Context, stream uint32, asked <-chan Question) {
	for {
		select {
		case q, more := <-asked:
			if !more {
				return
			}
			answer, err := c.request(ctx, frontLimit, wire.Ask{Op: wire.OpFront, Terminal: stream})
			q(printable(answer.Program, longestProgram), err)
		case <-ctx.Done():
			return
		}
	}
}

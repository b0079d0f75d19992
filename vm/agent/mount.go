package agent

import (
	"context"
	"fmt"
	"time"

	"vmterminal/vm/agent/wire"
)

// mountLimit is long because the guest may have to load modules.
const mountLimit = 30 * time.Second

// Mount is a folder that the host shares: which one, and where it is to be.
type Mount struct {
	Tag, Dir string
	ReadOnly bool
}

// Mount has the guest mount folders; what is mounted already stays. Problems are as
// many as mounts: "", or why the guest does not have that one, in its own words,
// bounded and printable. ErrUnsupported means an agent of before this operation.
func (c *Client) Mount(ctx context.Context, mounts []Mount) (problems []string, err error) {
	ask := wire.Ask{Op: wire.OpMount}
	for _, m := range mounts {
		ask.Mounts = append(ask.Mounts, wire.Mount(m))
	}
	answer, err := c.request(ctx, mountLimit, ask)
	if err != nil {
		return nil, err
	}
	if len(answer.MountProblems) != len(mounts) {
		return nil, fmt.Errorf("%s: %w: not what became of each mount", wire.OpMount, ErrBadAnswer)
	}
	for _, text := range answer.MountProblems {
		problems = append(problems, printable(text, 300))
	}
	return problems, nil
}

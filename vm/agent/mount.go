package agent

import (
	"context"
	"fmt"
	"time"

	"vmterminal/vm/agent/wire"
)

// mountTimeout is long enough to load kernel modules.
const mountTimeout = 30 * time.Second

// Mount describes a folder shared by the host (Tag) and its mount point in the guest
// (Dir).
type Mount struct {
	Tag, Dir string
	ReadOnly bool
}

// Mount makes the guest mount folders that are not mounted yet. problems has one element
// for each mount: "", or the guest's error text, which is short and printable. It
// returns ErrUnsupported if the agent is too old.
func (c *Client) Mount(ctx context.Context, mounts []Mount) (problems []string, err error) {
	req := wire.RequestBody{Op: wire.OpMount}
	for _, m := range mounts {
		req.Mounts = append(req.Mounts, wire.Mount(m))
	}
	answer, err := c.request(ctx, mountTimeout, req)
	if err != nil {
		return nil, err
	}
	if len(answer.MountProblems) != len(mounts) {
		return nil, fmt.Errorf("%s: %w: wrong number of results", wire.OpMount, ErrBadAnswer)
	}
	for _, text := range answer.MountProblems {
		problems = append(problems, toPrintable(text, 300))
	}
	return problems, nil
}

package host

import "context"

// dialAgent reaches the agent in the guest.
func dialAgent(ctx context.Context, _ string) (guestAgent, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

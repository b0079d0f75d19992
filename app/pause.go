package app

import (
	"context"
	"fmt"

	"vmterminal/vm/host"
)

// Pause holds a running VM's processors: the guest stands still, its memory
// stays. ErrState when it is paused already.
func (s *Service) Pause(ctx context.Context, name string) error {
	return s.holdProcessors(ctx, name, func(of Phrase) Phrase { return phrase("pause %s", of) }, Paused, (*host.Client).Pause)
}

// Resume lets a paused VM go on. ErrState when it is not paused.
func (s *Service) Resume(ctx context.Context, name string) error {
	return s.holdProcessors(ctx, name, func(of Phrase) Phrase { return phrase("resume %s", of) }, Running, (*host.Client).Resume)
}

func (s *Service) holdProcessors(ctx context.Context, name string, doing func(of Phrase) Phrase, to VMState, act func(*host.Client, context.Context) error) error {
	e, err := s.entry(name)
	if err != nil {
		return failed(err, "", "%s", doing(called(name)))
	}
	client, err := s.reach(ctx, e.Name)
	if err != nil {
		return failed(err, "", "%s", doing(called(e.Name)))
	}
	defer client.Close()
	state, err := client.State(ctx)
	if err == nil && VMState(state.State) == to {
		err = fmt.Errorf("%w: it is %s already", ErrState, to)
	}
	if err == nil {
		err = act(client, ctx)
	}
	return failed(err, "", "%s", doing(called(e.Name)))
}

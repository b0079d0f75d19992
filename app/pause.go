package app

import (
	"context"

	"vmterminal/app/problem"
	"vmterminal/vm/supervisor/client"
)

// Pause stops a running VM's processors; the VM retains its memory. Pausing a paused VM
// succeeds.
func (s *Service) Pause(ctx context.Context, name string) error {
	return s.setPaused(ctx, name, problem.Operation{Code: problem.OpVMPause, VM: name}, Paused, (*client.Client).Pause)
}

// Resume continues a paused VM. Resuming a running VM succeeds.
func (s *Service) Resume(ctx context.Context, name string) error {
	return s.setPaused(ctx, name, problem.Operation{Code: problem.OpVMResume, VM: name}, Running, (*client.Client).Resume)
}

func (s *Service) setPaused(ctx context.Context, name string, op problem.Operation, to VMState, request func(*client.Client, context.Context) error) error {
	e, err := s.entry(name)
	if err != nil {
		return wrapFailure(err, op)
	}
	vmClient, err := s.connect(ctx, e.Name)
	if err != nil {
		return wrapFailure(err, op)
	}
	defer vmClient.Close()
	state, err := vmClient.State(ctx)
	if err == nil && VMState(state.State) != to {
		err = request(vmClient, ctx)
	}
	return wrapFailure(err, op)
}

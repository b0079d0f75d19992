package app

import "context"

// Programs returns the names of the programs that run in terminals of a VM's guest, including
// its console. They exit when the VM stops. Idle shells are not included. Possible errors
// include client.ErrNoAgent.
func (s *Service) Programs(ctx context.Context, name string) ([]string, error) {
	e, err := s.entry(name)
	if err != nil {
		return nil, err
	}
	vmClient, err := s.connect(ctx, e.Name)
	if err != nil {
		return nil, err
	}
	defer vmClient.Close()
	return vmClient.Programs(ctx)
}

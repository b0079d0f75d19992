package app

import (
	"context"

	"vmterminal/snapshot/durable"
	"vmterminal/vm/qemu"
)

// Prepare probes the accelerators, which can take seconds, so that the first start is fast.
// Errors are ignored; Start reports them.
func (s *Service) Prepare(ctx context.Context) {
	if durable.MakeDir(string(s.opt.Home)) != nil {
		return
	}
	_, _ = qemu.Probe(ctx, s.opt.Home.Accelerators(), qemu.Auto)
}

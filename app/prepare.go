package app

import (
	"context"

	"vmterminal/app/ondisk"
	"vmterminal/vm/qemu"
)

// Prepare finds out what the first start would have to: which accelerator works
// here, which takes seconds where one pretends to. It is for a face that has
// just opened; what goes wrong is told by Start.
func (s *Service) Prepare(ctx context.Context) {
	if ondisk.MakeDir(string(s.opt.Home)) != nil {
		return
	}
	_, _ = qemu.Probe(ctx, s.opt.Home.Accelerators(), qemu.Auto) // Start probes again, and says
}

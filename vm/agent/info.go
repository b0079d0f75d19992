package agent

import (
	"fmt"
	"net/netip"

	"vmterminal/vm/agent/wire"
)

// Info is what the agent tells of its guest. It is the guest's word, bounded
// and printable, no more.
type Info struct {
	Version   int          // of the protocol
	Hostname  string       // at most 64 characters
	Kernel    string       // release, such as "7.1.3"; at most 64 characters
	Addresses []netip.Addr // at most 64; loopback and link-local left out
	DiskTotal int64        // of the root file system, in bytes
	DiskFree  int64
}

const maxAddresses = 64

func checkInfo(w *wire.Info) (Info, error) {
	if w == nil || w.Version < 1 {
		return Info{}, fmt.Errorf("%w: no version", ErrBadAnswer)
	}
	info := Info{
		Version:   w.Version,
		Hostname:  printable(w.Hostname, 64),
		Kernel:    printable(w.Kernel, 64),
		DiskTotal: max(w.DiskTotal, 0),
	}
	info.DiskFree = min(max(w.DiskFree, 0), info.DiskTotal)
	for _, text := range w.Addresses {
		addr, err := netip.ParseAddr(text)
		if err == nil && addr.Zone() == "" && len(info.Addresses) < maxAddresses {
			info.Addresses = append(info.Addresses, addr)
		}
	}
	return info, nil
}

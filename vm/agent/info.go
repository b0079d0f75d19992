package agent

import (
	"fmt"
	"net/netip"

	"vmterminal/vm/agent/wire"
)

// Info is information about a guest. It comes from the guest and must not be trusted;
// texts are short and printable.
type Info struct {
	Version   int          // protocol version
	Hostname  string       // at most 64 characters
	Kernel    string       // release, such as "7.1.3"; at most 64 characters
	Addresses []netip.Addr // at most 64, without loopback and link-local addresses
	DiskTotal int64        // size of the root file system in bytes
	DiskFree  int64
}

const maxAddresses = 64

func parseInfo(w *wire.Info) (Info, error) {
	if w == nil || w.Version < 1 {
		return Info{}, fmt.Errorf("%w: no version", ErrBadAnswer)
	}
	info := Info{
		Version:   w.Version,
		Hostname:  toPrintable(w.Hostname, 64),
		Kernel:    toPrintable(w.Kernel, 64),
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

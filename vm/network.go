package vm

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// MaxForwards is the maximum number of forwards of a VM.
const MaxForwards = 100

// Network holds the guest's network settings. The zero value is QEMU's user network
// without forwards: the guest can connect to everything the host can, and to the host
// itself at 10.0.2.2, but accepts no inbound connections.
type Network struct {
	// Isolated guests cannot open connections. Forwards still work.
	Isolated bool      `json:"isolated,omitempty"`
	Forwards []Forward `json:"forwards,omitempty"`
}

// Forward forwards a TCP port on 127.0.0.1 of the host to a port in the guest.
type Forward struct {
	Host  int `json:"host"`
	Guest int `json:"guest"`
}

func (f Forward) String() string { return fmt.Sprintf("127.0.0.1:%d -> %d", f.Host, f.Guest) }

// Check validates the settings. The error, if any, wraps ErrBadConfig.
func (n Network) Check() error {
	if len(n.Forwards) > MaxForwards {
		return fmt.Errorf("%d is %w for the number of forwards: at most %d", len(n.Forwards), ErrBadConfig, MaxForwards)
	}
	seen := map[int]bool{}
	for _, f := range n.Forwards {
		for _, port := range []int{f.Host, f.Guest} {
			if port < 1 || port > 65535 {
				return fmt.Errorf("%d is %w for a port: between 1 and 65535", port, ErrBadConfig)
			}
		}
		if seen[f.Host] {
			return fmt.Errorf("%d is %w for two forwards: each host port can be forwarded only once", f.Host, ErrBadConfig)
		}
		seen[f.Host] = true
	}
	return nil
}

// With returns a copy of the settings with a forward added. It replaces any other forward of
// the same host port.
func (n Network) With(f Forward) Network {
	n = n.Without(f.Host)
	n.Forwards = append(n.Forwards, f)
	return n
}

// Without returns a copy of the settings without the forward of a host port.
func (n Network) Without(host int) Network {
	n.Forwards = slices.DeleteFunc(slices.Clone(n.Forwards), func(f Forward) bool { return f.Host == host })
	return n
}

// ParseForwards parses forwards in the form HOST:GUEST, such as 8080:80, separated by commas
// or spaces. The error, if any, wraps ErrBadConfig.
func ParseForwards(text string) ([]Forward, error) {
	var n Network
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' }) {
		host, guest, found := strings.Cut(word, ":")
		f := Forward{}
		var errHost, errGuest error
		f.Host, errHost = strconv.Atoi(host)
		f.Guest, errGuest = strconv.Atoi(guest)
		if !found || errHost != nil || errGuest != nil {
			return nil, fmt.Errorf("%.100q is %w for a forward: use HOST:GUEST, for example 8080:80", word, ErrBadConfig)
		}
		n.Forwards = append(n.Forwards, f)
	}
	return n.Forwards, n.Check()
}

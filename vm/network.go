package vm

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// MaxForwards is how many ports a VM can have forwarded.
const MaxForwards = 100

// Network is how far the guest's network reaches. The zero value is QEMU's user
// network: the guest reaches what this computer reaches, and this computer itself
// as 10.0.2.2; nobody reaches the guest.
type Network struct {
	// Isolated guests reach nothing. What is forwarded to them still comes.
	Isolated bool      `json:"isolated,omitempty"`
	Forwards []Forward `json:"forwards,omitempty"`
}

// Forward leads a TCP port of this computer's 127.0.0.1 into the guest.
type Forward struct {
	Host  int `json:"host"`
	Guest int `json:"guest"`
}

func (f Forward) String() string { return fmt.Sprintf("127.0.0.1:%d -> %d", f.Host, f.Guest) }

// Check tells what is wrong with the settings; it wraps ErrBadConfig.
func (n Network) Check() error {
	if len(n.Forwards) > MaxForwards {
		return fmt.Errorf("%d is %w for how many ports are forwarded: at most %d", len(n.Forwards), ErrBadConfig, MaxForwards)
	}
	seen := map[int]bool{}
	for _, f := range n.Forwards {
		for _, port := range []int{f.Host, f.Guest} {
			if port < 1 || port > 65535 {
				return fmt.Errorf("%d is %w for a port: between 1 and 65535", port, ErrBadConfig)
			}
		}
		if seen[f.Host] {
			return fmt.Errorf("%d is %w for two forwards: each port of this computer leads to one of the guest", f.Host, ErrBadConfig)
		}
		seen[f.Host] = true
	}
	return nil
}

// With is the network with one forward more, in the place of another of the same
// port of this computer.
func (n Network) With(f Forward) Network {
	n = n.Without(f.Host)
	n.Forwards = append(n.Forwards, f)
	return n
}

// Without is the network without the forward of a port of this computer.
func (n Network) Without(host int) Network {
	n.Forwards = slices.DeleteFunc(slices.Clone(n.Forwards), func(f Forward) bool { return f.Host == host })
	return n
}

// ParseForwards reads forwards as people write them: 8080:80, the port of this
// computer first; several with commas or blanks between. The error wraps
// ErrBadConfig.
func ParseForwards(text string) ([]Forward, error) {
	var n Network
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' }) {
		host, guest, found := strings.Cut(word, ":")
		f := Forward{}
		var errHost, errGuest error
		f.Host, errHost = strconv.Atoi(host)
		f.Guest, errGuest = strconv.Atoi(guest)
		if !found || errHost != nil || errGuest != nil {
			return nil, fmt.Errorf("%.100q is %w for a forward: it goes HOST:GUEST, as 8080:80", word, ErrBadConfig)
		}
		n.Forwards = append(n.Forwards, f)
	}
	return n.Forwards, n.Check()
}

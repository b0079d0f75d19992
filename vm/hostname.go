package vm

import (
	"strings"

	"vmterminal/vm/agent/wire"
)

// Hostname returns the guest's hostname for a VM's name: characters that are not allowed
// in a hostname become hyphens.
func Hostname(name string) string {
	var b strings.Builder
	for _, r := range name {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '.':
			b.WriteRune(r)
		default:
			b.WriteByte('-')
		}
		if b.Len() == wire.MaxHostname {
			break
		}
	}
	if clean := strings.Trim(b.String(), "-."); clean != "" {
		return clean
	}
	return "vmterminal"
}

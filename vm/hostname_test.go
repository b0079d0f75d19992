package vm

import (
	"strings"
	"testing"

	"vmterminal/vm/agent/wire"
)

func TestHostname(t *testing.T) {
	tests := map[string]string{
		"default":                "default",
		"my_vm.2":                "my-vm.2",
		"東京":                     "vmterminal",
		"a b\nc init=/bin/evil":  "a-b-c-init--bin-evil",
		strings.Repeat("x", 100): strings.Repeat("x", 63),
		"":                       "vmterminal",
	}
	for name, want := range tests {
		got := Hostname(name)
		if got != want {
			t.Errorf("Hostname(%q) = %q, want %q", name, got, want)
		}
		// The agent must accept every result.
		id, _ := NewIdentity()
		if err := (wire.Identity{ID: id, Hostname: got}).Check(); err != nil {
			t.Error(err)
		}
	}
}

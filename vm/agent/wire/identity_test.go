package wire

import (
	"strings"
	"testing"
)

func TestIdentityCheck(t *testing.T) {
	tests := []struct {
		id, hostname string
		ok           bool
	}{
		{"0123456789abcdef", "default", true},
		{"a-b", "my-vm.2", true},
		{strings.Repeat("a", MaxID), strings.Repeat("h", MaxHostname), true},
		{"", "default", false},
		{"a", "", false},
		{strings.Repeat("a", MaxID+1), "default", false},
		{"a", strings.Repeat("h", MaxHostname+1), false},
		{"a b", "default", false},
		{"a.b", "default", false},
		{"../a", "default", false},
		{"a", "a b", false},
		{"a", "a\nb", false},
		{"a", "a/b", false},
		{"a", "-a", false},
		{"a", "a.", false},
		{"a", "東京", false},
		{"a", "a\xff", false},
	}
	for _, test := range tests {
		err := Identity{ID: test.id, Hostname: test.hostname}.Check()
		if (err == nil) != test.ok {
			t.Errorf("Check of ID %q, hostname %q: unexpected result %v", test.id, test.hostname, err)
		}
	}
}

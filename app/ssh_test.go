package app

import (
	"slices"
	"testing"
)

func TestHostKeyLines(t *testing.T) {
	got := hostKeyLines("ssh-ed25519 AAAAC3Nz root@deb\n\n* ssh-rsa AAAA\n@revoked * ssh-rsa AAAA\n# x\nssh-rsa\nssh-rsa AAAA=\rx y\n ecdsa-sha2-nistp256 AAAAE2Vj\n")
	if want := []string{"ssh-ed25519 AAAAC3Nz", "ecdsa-sha2-nistp256 AAAAE2Vj"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

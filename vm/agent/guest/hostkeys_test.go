//go:build linux

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"vmterminal/vm/agent/wire"
)

// sshd is started anew by what the guest has, after its keys are new.
func TestRestartSSHD(t *testing.T) {
	const stale = "sshd uses the old host keys until it is started anew: "
	systemd := told()
	systemd["run/systemd/system/x"] = ""
	log := `echo "${0##*/} $* with $(read -r key <"$ROOT/etc/ssh/ssh_host_rsa_key"; echo "$key")" >>"$ROOT/said"` + "\n"
	tests := []struct {
		name     string
		files    map[string]string
		programs map[string]string
		said     string
		notes    []string
	}{
		{
			"Debian", systemd,
			map[string]string{"systemctl": log},
			"systemctl --no-block try-restart ssh.service with new rsa\n", nil,
		},
		{
			"Fedora", systemd,
			map[string]string{"systemctl": log + `[ "$3" != ssh.service ] || exit 5`},
			"systemctl --no-block try-restart ssh.service with new rsa\n" +
				"systemctl --no-block try-restart sshd.service with new rsa\n", nil,
		},
		{
			"no such service", systemd, map[string]string{"systemctl": "exit 5"}, "", nil,
		},
		{
			"a broken systemd", systemd,
			map[string]string{"systemctl": "echo no bus >&2; exit 1"},
			"",
			[]string{stale + "systemctl: exit status 1: no bus"},
		},
		{
			"Alpine", told(),
			map[string]string{"rc-service": log},
			"rc-service sshd status with new rsa\nrc-service sshd restart with new rsa\n", nil,
		},
		{
			"Alpine, not running", told(),
			map[string]string{"rc-service": log + "exit 3"},
			"rc-service sshd status with new rsa\nrc-service ssh status with new rsa\n", nil,
		},
		{
			"Debian with OpenRC", told(),
			map[string]string{"rc-service": log + `[ "$1" = ssh ]`},
			"rc-service sshd status with new rsa\nrc-service ssh status with new rsa\nrc-service ssh restart with new rsa\n", nil,
		},
		{
			"something else", told(),
			map[string]string{"systemctl": log},
			"",
			[]string{stale + "neither systemctl nor rc-service is there"},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			test.programs["ssh-keygen"] = keygen
			d := newRoot(t, test.files, test.programs)
			t.Setenv("ROOT", d.root)
			did, err := d.take(clone)
			if err != nil || !reflect.DeepEqual(did.Notes, test.notes) {
				t.Errorf("did %+v, %v", did, err)
			}
			if said := d.get(t, "said"); said != test.said {
				t.Errorf("said %q, want %q", said, test.said)
			}
			checkCloned(t, d)
		})
	}
}

// The host keys that cloud-init has put into a copy, or is about to, are those by
// which it is known: they stay. Those that it put into the VM that was copied do not.
func TestKeysOfTheSeed(t *testing.T) {
	tests := []struct {
		name, instance string
		meanwhile      string // what cloud-init does while keys are made
		key            string
	}{
		{"set up", clone.ID, "", "old rsa"},
		{"not yet set up", original.ID, "", "new rsa"},
		{"being set up", original.ID, "\n" + `echo ` + clone.ID + ` >"$ROOT/` + cloudInstance + `"`, "old rsa"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			files := told()
			files[cloudInstance] = test.instance + "\n"
			d := newRoot(t, files, map[string]string{"ssh-keygen": keygen + test.meanwhile})
			t.Setenv("ROOT", d.root)
			did, err := d.take(clone)
			if err != nil || slices.Contains(did.Renewed, "ssh-host-keys") != (test.key == "new rsa") {
				t.Errorf("did %+v, %v", did, err)
			}
			if key := strings.TrimSpace(d.get(t, "etc/ssh/ssh_host_rsa_key")); key != test.key {
				t.Errorf("the key is %q, not %q", key, test.key)
			}
		})
	}
}

// Without ssh-keygen no key is removed, and that is told, also once it is kept.
func TestNoKeygen(t *testing.T) {
	d := newRoot(t, told(), nil)
	for range 2 {
		did, err := d.take(clone)
		want := wire.Identified{
			Found: wire.IdentityCopied, Renewed: []string{"machine-id", "hostname", "dhcp-leases"},
			Notes: []string{"ssh-keygen is missing: the SSH host keys are those of the other VM"},
		}
		if err != nil || !reflect.DeepEqual(*did, want) {
			t.Errorf("did %+v, %v", did, err)
		}
	}
	for _, name := range []string{"etc/ssh/ssh_host_rsa_key", "etc/ssh/ssh_host_dsa_key.pub"} {
		if d.get(t, name) != told()[name] {
			t.Errorf("%s is %q", name, d.get(t, name))
		}
	}
}

// A keygen that makes nothing, as one too old for a prefix would, is an error.
func TestKeygenMakesNothing(t *testing.T) {
	d := newRoot(t, told(), map[string]string{"ssh-keygen": "exit 0"})
	if did, err := d.take(clone); err == nil {
		t.Errorf("did %+v", did)
	}
	if d.get(t, "etc/ssh/ssh_host_rsa_key") != "old rsa" {
		t.Error("the key is gone")
	}
}

// The real program does with the prefix what the fake one does.
func TestRealKeygen(t *testing.T) {
	keygen, err := exec.LookPath("ssh-keygen")
	if err != nil {
		t.Fatal("ssh-keygen is missing (Debian: openssh-client)")
	}
	d := newRoot(t, told(), nil)
	t.Setenv("PATH", filepath.Dir(keygen))
	c := &change{from: original, to: clone}
	if err := d.renewHostKeys(c); err != nil {
		t.Fatal(err)
	}
	if key := d.get(t, "etc/ssh/ssh_host_rsa_key"); !strings.Contains(key, "PRIVATE KEY") {
		t.Errorf("the key is %q", key)
	}
	if pub := d.get(t, "etc/ssh/ssh_host_ed25519_key.pub"); !strings.HasPrefix(pub, "ssh-ed25519 ") {
		t.Errorf("the public key is %q", pub)
	}
	if d.get(t, "etc/ssh/ssh_host_dsa_key") != "" {
		t.Error("an old key is left")
	}
	info, err := os.Stat(d.path("etc/ssh/ssh_host_rsa_key"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
}

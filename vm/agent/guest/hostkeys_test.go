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

// The guest's init system must restart sshd after its keys have been replaced.
func TestRestartSSHD(t *testing.T) {
	const stale = "sshd uses the old host keys until it is restarted: "
	systemd := identifiedFiles()
	systemd["run/systemd/system/x"] = ""
	log := `echo "${0##*/} $* with $(read -r key <"$ROOT/etc/ssh/ssh_host_rsa_key"; echo "$key")" >>"$ROOT/calls"` + "\n"
	tests := []struct {
		name     string
		files    map[string]string
		programs map[string]string
		calls    string
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
			"Alpine", identifiedFiles(),
			map[string]string{"rc-service": log},
			"rc-service sshd status with new rsa\nrc-service sshd restart with new rsa\n", nil,
		},
		{
			"Alpine, not running", identifiedFiles(),
			map[string]string{"rc-service": log + "exit 3"},
			"rc-service sshd status with new rsa\nrc-service ssh status with new rsa\n", nil,
		},
		{
			"Debian with OpenRC", identifiedFiles(),
			map[string]string{"rc-service": log + `[ "$1" = ssh ]`},
			"rc-service sshd status with new rsa\nrc-service ssh status with new rsa\nrc-service ssh restart with new rsa\n", nil,
		},
		{
			"something else", identifiedFiles(),
			map[string]string{"systemctl": log},
			"",
			[]string{stale + "found neither systemd nor rc-service"},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			test.programs["ssh-keygen"] = fakeKeygen
			d := newRoot(t, test.files, test.programs)
			t.Setenv("ROOT", d.root)
			did, err := d.apply(clone)
			if err != nil || !reflect.DeepEqual(did.Notes, test.notes) {
				t.Errorf("apply: unexpected notes or error: got %+v, %v", did, err)
			}
			if calls := d.get(t, "calls"); calls != test.calls {
				t.Errorf("got calls %q, want %q", calls, test.calls)
			}
			checkCloned(t, d)
		})
	}
}

// Host keys that cloud-init has installed for this VM, or is installing, are kept. Those
// that it has installed for another VM are replaced.
func TestHostKeysFromSeed(t *testing.T) {
	tests := []struct {
		name, instance string
		concurrent     string // commands that cloud-init runs while keys are generated
		key            string
	}{
		{"set up", clone.ID, "", "old rsa"},
		{"not yet set up", original.ID, "", "new rsa"},
		{"being set up", original.ID, "\n" + `echo ` + clone.ID + ` >"$ROOT/` + cloudInstanceFile + `"`, "old rsa"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			files := identifiedFiles()
			files[cloudInstanceFile] = test.instance + "\n"
			d := newRoot(t, files, map[string]string{"ssh-keygen": fakeKeygen + test.concurrent})
			t.Setenv("ROOT", d.root)
			did, err := d.apply(clone)
			if err != nil || slices.Contains(did.Renewed, "ssh-host-keys") != (test.key == "new rsa") {
				t.Errorf("apply: got %+v, %v; want ssh-host-keys in Renewed only for a new key", did, err)
			}
			if key := strings.TrimSpace(d.get(t, "etc/ssh/ssh_host_rsa_key")); key != test.key {
				t.Errorf("got key %q, want %q", key, test.key)
			}
		})
	}
}

// Without ssh-keygen the keys are kept, and a note says so, in the saved result as well.
func TestHostKeysWithoutKeygen(t *testing.T) {
	d := newRoot(t, identifiedFiles(), nil)
	for range 2 {
		did, err := d.apply(clone)
		want := wire.IdentityResult{
			Change: wire.IdentityCopied, Renewed: []string{"machine-id", "hostname", "dhcp-leases"},
			Notes: []string{"ssh-keygen is missing: the SSH host keys are still those of the other VM"},
		}
		if err != nil || !reflect.DeepEqual(*did, want) {
			t.Errorf("apply: got %+v, %v; want a note about the missing ssh-keygen", did, err)
		}
	}
	for _, name := range []string{"etc/ssh/ssh_host_rsa_key", "etc/ssh/ssh_host_dsa_key.pub"} {
		if d.get(t, name) != identifiedFiles()[name] {
			t.Errorf("%s is %q, want it unchanged", name, d.get(t, name))
		}
	}
}

// If ssh-keygen creates no keys, because it is too old for a prefix, apply fails.
func TestKeygenWithoutKeys(t *testing.T) {
	d := newRoot(t, identifiedFiles(), map[string]string{"ssh-keygen": "exit 0"})
	if did, err := d.apply(clone); err == nil {
		t.Errorf("apply: got %+v, want an error", did)
	}
	if d.get(t, "etc/ssh/ssh_host_rsa_key") != "old rsa" {
		t.Error("the old key was not kept")
	}
}

// The real ssh-keygen must behave like fakeKeygen.
func TestRealKeygen(t *testing.T) {
	keygen, err := exec.LookPath("ssh-keygen")
	if err != nil {
		t.Fatal("ssh-keygen is missing (Debian: openssh-client)")
	}
	d := newRoot(t, identifiedFiles(), nil)
	t.Setenv("PATH", filepath.Dir(keygen))
	c := &identityChange{from: original, to: clone}
	if err := d.renewHostKeys(c); err != nil {
		t.Fatal(err)
	}
	if key := d.get(t, "etc/ssh/ssh_host_rsa_key"); !strings.Contains(key, "PRIVATE KEY") {
		t.Errorf("the key is %q, want %q in it", key, "PRIVATE KEY")
	}
	if pub := d.get(t, "etc/ssh/ssh_host_ed25519_key.pub"); !strings.HasPrefix(pub, "ssh-ed25519 ") {
		t.Errorf("the public key is %q, want an ed25519 key", pub)
	}
	if d.get(t, "etc/ssh/ssh_host_dsa_key") != "" {
		t.Error("an old key still exists")
	}
	info, err := os.Stat(d.path("etc/ssh/ssh_host_rsa_key"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("Stat: got %v, %v; want mode 0600", info, err)
	}
}

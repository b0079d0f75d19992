//go:build linux

package main

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"vmterminal/vm/agent"
	"vmterminal/vm/agent/wire"
)

func TestApply(t *testing.T) {
	tests := []struct {
		name  string
		files map[string]string
		who   wire.Identity
		did   wire.IdentityResult
		want  map[string]string // "" for a file that must not be there
	}{
		{
			name: "no identity", files: filesWithout(identityFile), who: original,
			did:  wire.IdentityResult{Change: wire.IdentityFirst},
			want: map[string]string{identityFile: "aaaa production\n", machineIDFile: oldMachineID, hostnameFile: "production\n"},
		},
		{
			name: "no identity, other name", files: filesWithout(identityFile), who: clone,
			did: wire.IdentityResult{Change: wire.IdentityFirst, Renewed: []string{"hostname"}},
			want: map[string]string{
				identityFile: "bbbb staging\n", machineIDFile: oldMachineID, hostnameFile: "staging\n",
				"etc/ssh/ssh_host_rsa_key": "old rsa", "var/lib/dhcpcd/duid": "00:01",
			},
		},
		{
			name: "built-in, first boot", files: map[string]string{kernelNameFile: "production\n"}, who: original,
			did: wire.IdentityResult{Change: wire.IdentityFirst, Renewed: []string{"machine-id"}},
			want: map[string]string{
				identityFile: "aaaa production\n", hostnameFile: "", hostsFile: "", dbusIDFile: "",
			},
		},
		{
			name: "invalid identity file", who: original,
			files: map[string]string{identityFile: "\x00\x00", machineIDFile: oldMachineID, kernelNameFile: "production\n"},
			did:   wire.IdentityResult{Change: wire.IdentityFirst},
			want:  map[string]string{identityFile: "aaaa production\n", machineIDFile: oldMachineID},
		},
		{
			name: "renamed", files: identifiedFiles(), who: wire.Identity{ID: "aaaa", Hostname: "live"},
			did: wire.IdentityResult{Change: wire.IdentityRenamed, Renewed: []string{"hostname"}},
			want: map[string]string{
				identityFile: "aaaa live\n", hostnameFile: "live\n", kernelNameFile: "live", machineIDFile: oldMachineID,
				"etc/ssh/ssh_host_rsa_key": "old rsa",
			},
		},
		{
			name: "a copy", files: identifiedFiles(), who: clone,
			did: wire.IdentityResult{
				Change:  wire.IdentityCopied,
				Renewed: []string{"machine-id", "hostname", "ssh-host-keys", "dhcp-leases"},
				Notes:   []string{"sshd uses the old host keys until it is restarted: found neither systemd nor rc-service"},
			},
		},
		{
			name: "a copy of the built-in", who: clone,
			files: map[string]string{identityFile: "aaaa production\n", machineIDFile: oldMachineID, kernelNameFile: "staging\n"},
			did:   wire.IdentityResult{Change: wire.IdentityCopied, Renewed: []string{"machine-id"}},
			want:  map[string]string{identityFile: "bbbb staging\n", hostnameFile: "", "etc/ssh/ssh_host_rsa_key": ""},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d := newRoot(t, test.files, map[string]string{"ssh-keygen": fakeKeygen})
			did, err := d.apply(test.who)
			if err != nil || !reflect.DeepEqual(*did, test.did) {
				t.Fatalf("apply: unexpected result: got %+v, %v", did, err)
			}
			for name, want := range test.want {
				if got := d.get(t, name); got != want {
					t.Errorf("%s is %q, want %q", name, got, want)
				}
			}
			if !isMachineID(d.get(t, machineIDFile)) && d.get(t, machineIDFile) != oldMachineID {
				t.Errorf("got machine ID %q, want a valid ID or the old one", d.get(t, machineIDFile))
			}
			if test.files[hostsFile] != "" && test.did.Change == wire.IdentityCopied {
				checkCloned(t, d)
			}

			// Applying it again, in this boot or the next, must not write anything.
			before := d.fileStates(t)
			again, err := d.apply(test.who)
			if err != nil || !reflect.DeepEqual(*again, test.did) {
				t.Errorf("again in this boot: got %+v, %v; want the same result", again, err)
			}
			if after := d.fileStates(t); !reflect.DeepEqual(before, after) {
				t.Errorf("applied again, files changed: %v, then %v", before, after)
			}
			d.put(t, bootIDFile, secondBoot)
			before = d.fileStates(t)
			again, err = d.apply(test.who)
			if err != nil || !reflect.DeepEqual(*again, wire.IdentityResult{Change: wire.IdentitySame}) {
				t.Errorf("in the next boot: got %+v, %v; want IdentitySame", again, err)
			}
			if after := d.fileStates(t); !reflect.DeepEqual(before, after) {
				t.Errorf("in the next boot, files changed: %v, then %v", before, after)
			}
		})
	}
}

// A hostname configured in the guest is kept as long as the VM is not renamed.
func TestConfiguredHostnameIsKept(t *testing.T) {
	files := identifiedFiles()
	files[hostnameFile], files[kernelNameFile] = "mine\n", "mine\n"
	d := newRoot(t, files, nil)
	before := d.fileStates(t)
	if did, err := d.apply(original); err != nil || did.Change != wire.IdentitySame {
		t.Errorf("apply: got %+v, %v; want Change %v", did, err, wire.IdentitySame)
	}
	if after := d.fileStates(t); !reflect.DeepEqual(before, after) {
		t.Errorf("files changed: %v, then %v", before, after)
	}
}

// After an interruption, the next call completes the change. Until then, the old identity
// remains stored.
func TestApplyAfterInterruption(t *testing.T) {
	for done := range 5 {
		t.Run(fmt.Sprintf("after %d steps", done), func(t *testing.T) {
			d := newRoot(t, identifiedFiles(), map[string]string{"ssh-keygen": fakeKeygen})
			if _, err := prepareFile(d.path(identityFile), "bbbb staging\n", 0o644); err != nil {
				t.Fatal(err)
			}
			c := &identityChange{from: original, to: clone}
			for _, step := range d.steps(c)[:done] {
				if err := step(c); err != nil {
					t.Fatal(err)
				}
			}
			d.put(t, machineIDFile+newSuffix, "half")
			d.put(t, "etc/ssh/.vmterminal-new/etc/ssh/ssh_host_rsa_key", "half")
			if got := d.get(t, identityFile); got != identifiedFiles()[identityFile] {
				t.Fatalf("got identity file %q before apply has completed", got)
			}
			if did, err := d.apply(clone); err != nil || did.Change != wire.IdentityCopied {
				t.Fatalf("apply: got %+v, %v; want Change %v", did, err, wire.IdentityCopied)
			}
			checkCloned(t, d)
		})
	}
}

// A failed change leaves the old identity stored, and can be repeated.
func TestApplyFailures(t *testing.T) {
	tests := map[string]struct {
		breakIt, fix func(t *testing.T, d *identifier)
		untouched    bool
	}{
		"ssh-keygen fails": {
			breakIt: func(t *testing.T, d *identifier) { d.put(t, "fail", "") },
			fix:     func(t *testing.T, d *identifier) { remove(t, d.path("fail")) },
		},
		"the identity cannot be stored": {
			breakIt:   func(t *testing.T, d *identifier) { d.put(t, identityFile+newSuffix+"/x", "") },
			fix:       func(t *testing.T, d *identifier) { remove(t, d.path(identityFile+newSuffix)) },
			untouched: true,
		},
		"/etc/hostname cannot be replaced": {
			breakIt: func(t *testing.T, d *identifier) { d.put(t, hostnameFile+newSuffix+"/x", "") },
			fix:     func(t *testing.T, d *identifier) { remove(t, d.path(hostnameFile+newSuffix)) },
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			d := newRoot(t, identifiedFiles(), map[string]string{
				"ssh-keygen": `if [ -e "$3/../../../fail" ]; then echo "no entropy" >&2; exit 1; fi` + "\n" + fakeKeygen,
			})
			test.breakIt(t, d)
			before := d.fileStates(t)
			did, err := d.apply(clone)
			if err == nil {
				t.Fatalf("apply: got %+v, want an error", did)
			}
			if name == "ssh-keygen fails" && !strings.Contains(err.Error(), "no entropy") {
				t.Errorf("got %v, want the cause in it", err)
			}
			if after := d.fileStates(t); test.untouched && !reflect.DeepEqual(before, after) {
				t.Errorf("files changed: %v, then %v", before, after)
			}
			if got := d.get(t, identityFile); got != identifiedFiles()[identityFile] {
				t.Errorf("got identity file %q, want the old identity", got)
			}
			if d.get(t, "etc/ssh/ssh_host_rsa_key") == "" {
				t.Error("sshd has no keys")
			}
			test.fix(t, d)
			if _, err := d.apply(clone); err != nil {
				t.Fatal(err)
			}
			checkCloned(t, d)
		})
	}
}

func remove(t *testing.T, path string) {
	t.Helper()
	if err := os.RemoveAll(path); err != nil {
		t.Fatal(err)
	}
}

// An identity is applied through the protocol. A frozen guest applies it after the thaw.
func TestIdentifyRequest(t *testing.T) {
	s, c := connect(t)
	d := newRoot(t, identifiedFiles(), nil)
	s.identifier.root = d.root
	got, err := c.Identify(t.Context(), agent.Identity(clone))
	if err != nil || got.Change != agent.IdentityCopied || len(got.Renewed) != 3 || len(got.Notes) != 1 {
		t.Errorf("Identify: got %+v, %v; want IdentityCopied, 3 renewed, 1 note", got, err)
	}

	frozen := newServer(d.root)
	fakeFreeze(frozen, 100*time.Millisecond)
	if _, err := frozen.execute(t.Context(), nil, wire.RequestBody{Op: wire.OpIdentity, Identity: &clone}); err != nil {
		t.Errorf("current identity while frozen: got error %v, want no error", err)
	}
	if _, err := frozen.execute(t.Context(), nil, wire.RequestBody{Op: wire.OpIdentity, Identity: &original}); err != nil {
		t.Errorf("other identity while frozen: got error %v, want no error", err)
	}
	if frozen.freezer.thaw() == nil {
		t.Error("another identity was written while the file systems were frozen")
	}
	var coded *wire.Error
	if _, err := s.execute(t.Context(), nil, wire.RequestBody{Op: wire.OpIdentity}); !errors.As(err, &coded) || coded.Code != wire.CodeFailed {
		t.Errorf("no identity: got error %v, want CodeFailed", err)
	}
	if _, err := s.execute(t.Context(), nil, wire.RequestBody{Op: wire.OpIdentity, Identity: &wire.Identity{ID: "a b", Hostname: "x"}}); err == nil {
		t.Error("an invalid identity was accepted")
	}
}

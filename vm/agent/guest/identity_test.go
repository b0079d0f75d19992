//go:build linux

package main

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"

	"vmterminal/vm/agent"
	"vmterminal/vm/agent/wire"
)

func TestTake(t *testing.T) {
	tests := []struct {
		name  string
		files map[string]string
		who   wire.Identity
		did   wire.Identified
		want  map[string]string // "" for a file that must not be there
	}{
		{
			name: "never told", files: without(keptFile), who: original,
			did:  wire.Identified{Found: wire.IdentityFirst},
			want: map[string]string{keptFile: "aaaa production\n", machineIDFile: oldMachineID, hostnameFile: "production\n"},
		},
		{
			name: "never told, of another name", files: without(keptFile), who: clone,
			did: wire.Identified{Found: wire.IdentityFirst, Renewed: []string{"hostname"}},
			want: map[string]string{
				keptFile: "bbbb staging\n", machineIDFile: oldMachineID, hostnameFile: "staging\n",
				"etc/ssh/ssh_host_rsa_key": "old rsa", "var/lib/dhcpcd/duid": "00:01",
			},
		},
		{
			name: "built-in, first boot", files: map[string]string{kernelNameFile: "production\n"}, who: original,
			did: wire.Identified{Found: wire.IdentityFirst, Renewed: []string{"machine-id"}},
			want: map[string]string{
				keptFile: "aaaa production\n", hostnameFile: "", hostsFile: "", dbusIDFile: "",
			},
		},
		{
			name: "the kept ID is nonsense", who: original,
			files: map[string]string{keptFile: "\x00\x00", machineIDFile: oldMachineID, kernelNameFile: "production\n"},
			did:   wire.Identified{Found: wire.IdentityFirst},
			want:  map[string]string{keptFile: "aaaa production\n", machineIDFile: oldMachineID},
		},
		{
			name: "renamed", files: told(), who: wire.Identity{ID: "aaaa", Hostname: "live"},
			did: wire.Identified{Found: wire.IdentityRenamed, Renewed: []string{"hostname"}},
			want: map[string]string{
				keptFile: "aaaa live\n", hostnameFile: "live\n", kernelNameFile: "live", machineIDFile: oldMachineID,
				"etc/ssh/ssh_host_rsa_key": "old rsa",
			},
		},
		{
			name: "a copy", files: told(), who: clone,
			did: wire.Identified{
				Found:   wire.IdentityCopied,
				Renewed: []string{"machine-id", "hostname", "ssh-host-keys", "dhcp-leases"},
				Notes:   []string{"sshd uses the old host keys until it is started anew: neither systemctl nor rc-service is there"},
			},
		},
		{
			name: "a copy of the built-in", who: clone,
			files: map[string]string{keptFile: "aaaa production\n", machineIDFile: oldMachineID, kernelNameFile: "staging\n"},
			did:   wire.Identified{Found: wire.IdentityCopied, Renewed: []string{"machine-id"}},
			want:  map[string]string{keptFile: "bbbb staging\n", hostnameFile: "", "etc/ssh/ssh_host_rsa_key": ""},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d := newRoot(t, test.files, map[string]string{"ssh-keygen": keygen})
			did, err := d.take(test.who)
			if err != nil || !reflect.DeepEqual(*did, test.did) {
				t.Fatalf("did %+v, %v", did, err)
			}
			for name, want := range test.want {
				if got := d.get(t, name); got != want {
					t.Errorf("%s is %q, want %q", name, got, want)
				}
			}
			if !isMachineID(d.get(t, machineIDFile)) && d.get(t, machineIDFile) != oldMachineID {
				t.Errorf("machine id %q", d.get(t, machineIDFile))
			}
			if test.files[hostsFile] != "" && test.did.Found == wire.IdentityCopied {
				checkCloned(t, d)
			}

			// Told again, in this boot and in the next, nothing is written.
			before := d.traces(t)
			again, err := d.take(test.who)
			if err != nil || !reflect.DeepEqual(*again, test.did) {
				t.Errorf("again in this boot: %+v, %v", again, err)
			}
			if after := d.traces(t); !reflect.DeepEqual(before, after) {
				t.Errorf("told again, it wrote: %v, then %v", before, after)
			}
			d.put(t, bootIDFile, secondBoot)
			before = d.traces(t)
			again, err = d.take(test.who)
			if err != nil || !reflect.DeepEqual(*again, wire.Identified{Found: wire.IdentitySame}) {
				t.Errorf("in the next boot: %+v, %v", again, err)
			}
			if after := d.traces(t); !reflect.DeepEqual(before, after) {
				t.Errorf("in the next boot, it wrote: %v, then %v", before, after)
			}
		})
	}
}

// A name that the guest's owner chose stays while the VM's own does.
func TestOwnersHostnameStays(t *testing.T) {
	files := told()
	files[hostnameFile], files[kernelNameFile] = "mine\n", "mine\n"
	d := newRoot(t, files, nil)
	before := d.traces(t)
	if did, err := d.take(original); err != nil || did.Found != wire.IdentitySame {
		t.Errorf("did %+v, %v", did, err)
	}
	if after := d.traces(t); !reflect.DeepEqual(before, after) {
		t.Errorf("it wrote: %v, then %v", before, after)
	}
}

// An interruption after any step, or in the middle of one, is made good by the
// next call, and the kept identity is the old one until all is done.
func TestTakeIsRepeatedAfterAnInterruption(t *testing.T) {
	for done := range 5 {
		t.Run(fmt.Sprintf("after %d steps", done), func(t *testing.T) {
			d := newRoot(t, told(), map[string]string{"ssh-keygen": keygen})
			if _, err := prepareFile(d.path(keptFile), "bbbb staging\n", 0o644); err != nil {
				t.Fatal(err)
			}
			c := &change{from: original, to: clone}
			for _, step := range d.steps(c)[:done] {
				if err := step(c); err != nil {
					t.Fatal(err)
				}
			}
			d.put(t, machineIDFile+newSuffix, "half")
			d.put(t, "etc/ssh/.vmterminal-new/etc/ssh/ssh_host_rsa_key", "half")
			if got := d.get(t, keptFile); got != told()[keptFile] {
				t.Fatalf("kept %q too early", got)
			}
			if did, err := d.take(clone); err != nil || did.Found != wire.IdentityCopied {
				t.Fatalf("did %+v, %v", did, err)
			}
			checkCloned(t, d)
		})
	}
}

// What fails leaves the old identity kept, and is done whole when it can be.
func TestTakeFails(t *testing.T) {
	tests := map[string]struct {
		breakIt, mend func(t *testing.T, d *identifier)
		untouched     bool
	}{
		"ssh-keygen fails": {
			breakIt: func(t *testing.T, d *identifier) { d.put(t, "fail", "") },
			mend:    func(t *testing.T, d *identifier) { remove(t, d.path("fail")) },
		},
		"the identity cannot be kept": {
			breakIt:   func(t *testing.T, d *identifier) { d.put(t, keptFile+newSuffix+"/x", "") },
			mend:      func(t *testing.T, d *identifier) { remove(t, d.path(keptFile+newSuffix)) },
			untouched: true,
		},
		"/etc/hostname cannot be replaced": {
			breakIt: func(t *testing.T, d *identifier) { d.put(t, hostnameFile+newSuffix+"/x", "") },
			mend:    func(t *testing.T, d *identifier) { remove(t, d.path(hostnameFile+newSuffix)) },
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			d := newRoot(t, told(), map[string]string{
				"ssh-keygen": `if [ -e "$3/../../../fail" ]; then echo "no entropy" >&2; exit 1; fi` + "\n" + keygen,
			})
			test.breakIt(t, d)
			before := d.traces(t)
			did, err := d.take(clone)
			if err == nil {
				t.Fatalf("did %+v", did)
			}
			if name == "ssh-keygen fails" && !strings.Contains(err.Error(), "no entropy") {
				t.Errorf("the cause is not told: %v", err)
			}
			if after := d.traces(t); test.untouched && !reflect.DeepEqual(before, after) {
				t.Errorf("it wrote: %v, then %v", before, after)
			}
			if got := d.get(t, keptFile); got != told()[keptFile] {
				t.Errorf("kept %q", got)
			}
			if d.get(t, "etc/ssh/ssh_host_rsa_key") == "" {
				t.Error("sshd has no keys")
			}
			test.mend(t, d)
			if _, err := d.take(clone); err != nil {
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

// The protocol carries it, and refuses it to a frozen guest.
func TestIdentifyOverThePort(t *testing.T) {
	s, c := connect(t)
	d := newRoot(t, told(), nil)
	s.identifier.root = d.root
	got, err := c.Identify(t.Context(), agent.Identity(clone))
	if err != nil || got.Found != agent.Copied || len(got.Renewed) != 3 || len(got.Notes) != 1 {
		t.Errorf("got %+v, %v", got, err)
	}

	frozen := newServer(d.root)
	frozen.freezer.held = &hold{}
	if _, err := frozen.perform(t.Context(), nil, wire.Ask{Op: wire.OpIdentity, Identity: &clone}); err != nil {
		t.Errorf("told the kept one while frozen: %v", err)
	}
	tests := map[string]struct {
		server *server
		who    *wire.Identity
		code   string
	}{
		"none given": {s, nil, wire.CodeFailed},
		"frozen":     {frozen, &original, wire.CodeState},
	}
	for name, test := range tests {
		var coded *wire.Error
		_, err := test.server.perform(t.Context(), nil, wire.Ask{Op: wire.OpIdentity, Identity: test.who})
		if !errors.As(err, &coded) || coded.Code != test.code {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := s.perform(t.Context(), nil, wire.Ask{Op: wire.OpIdentity, Identity: &wire.Identity{ID: "a b", Hostname: "x"}}); err == nil {
		t.Error("took on nonsense")
	}
}

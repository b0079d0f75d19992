//go:build linux

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"vmterminal/vm/agent"
	"vmterminal/vm/agent/wire"
)

var (
	original = wire.Identity{ID: "aaaa", Hostname: "production"}
	clone    = wire.Identity{ID: "bbbb", Hostname: "staging"}
)

const (
	oldMachineID = "0123456789abcdef0123456789abcdef\n"
	firstBoot    = "11111111-1111-1111-1111-111111111111\n"
	secondBoot   = "22222222-2222-2222-2222-222222222222\n"
)

// told are the files of a Debian that took original on in an earlier boot.
func told() map[string]string {
	return map[string]string{
		keptFile:                          "aaaa production\n",
		machineIDFile:                     oldMachineID,
		dbusIDFile:                        oldMachineID,
		hostnameFile:                      "production\n",
		kernelNameFile:                    "production\n",
		bootIDFile:                        firstBoot,
		hostsFile:                         "127.0.0.1 localhost\n127.0.1.1 production.example.org production db # us\n::1 localhost\n",
		"etc/ssh/ssh_host_rsa_key":        "old rsa",
		"etc/ssh/ssh_host_rsa_key.pub":    "old rsa pub",
		"etc/ssh/ssh_host_dsa_key":        "old dsa",
		"etc/ssh/ssh_host_dsa_key.pub":    "old dsa pub",
		"etc/ssh/sshd_config":             "UsePAM yes\n",
		"var/lib/dhcp/dhclient.leases":    "default-duid",
		"var/lib/dhcpcd/duid":             "00:01",
		"var/lib/NetworkManager/a.lease":  "x",
		"var/lib/NetworkManager/sys.conf": "x",
	}
}

// without returns told's files but for some.
func without(names ...string) map[string]string {
	files := told()
	for _, name := range names {
		delete(files, name)
	}
	return files
}

// newRoot makes a guest's files, and programs that are all its PATH.
func newRoot(t *testing.T, files, programs map[string]string) *identifier {
	t.Helper()
	d := &identifier{root: t.TempDir(), freezer: &freezer{}}
	for name, text := range files {
		d.put(t, name, text)
	}
	if err := os.MkdirAll(d.path("run"), 0o755); err != nil {
		t.Fatal(err)
	}
	bin := t.TempDir()
	for name, script := range programs {
		if err := os.WriteFile(filepath.Join(bin, name), []byte("#!/bin/sh\n"+script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", bin)
	return d
}

func (d *identifier) put(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(d.path(name)), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(d.path(name), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func (d *identifier) get(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(d.path(name))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return string(text)
}

// traces are of all that the guest has: they differ after anything was written,
// be it the same bytes.
func (d *identifier) traces(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(d.root, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		var st syscall.Stat_t
		err = syscall.Lstat(path, &st)
		all[path] = fmt.Sprint(st.Ino, st.Size, st.Mtim, st.Ctim)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// keygen is an ssh-keygen that makes two keys below its prefix.
const keygen = `[ "$*" = "-A -f $3" ] || exit 9
for type in rsa ed25519; do
	echo "new $type" >"$3/etc/ssh/ssh_host_${type}_key"
	echo "new $type pub" >"$3/etc/ssh/ssh_host_${type}_key.pub"
done
`

var isMachineID = regexp.MustCompile(`^[0-9a-f]{12}4[0-9a-f]{3}[89ab][0-9a-f]{15}\n$`).MatchString

// checkCloned holds that a guest of original's is clone now, in all there is.
func checkCloned(t *testing.T, d *identifier) {
	t.Helper()
	id := d.get(t, machineIDFile)
	if !isMachineID(id) || id == oldMachineID || d.get(t, dbusIDFile) != id {
		t.Errorf("machine ids %q, %q", id, d.get(t, dbusIDFile))
	}
	for name, want := range map[string]string{
		keptFile:                          "bbbb staging\n",
		hostnameFile:                      "staging\n",
		kernelNameFile:                    "staging",
		hostsFile:                         "127.0.0.1 localhost\n127.0.1.1\tstaging.example.org staging db # us\n::1 localhost\n",
		"etc/ssh/ssh_host_rsa_key":        "new rsa\n",
		"etc/ssh/ssh_host_rsa_key.pub":    "new rsa pub\n",
		"etc/ssh/ssh_host_ed25519_key":    "new ed25519\n",
		"etc/ssh/ssh_host_dsa_key":        "",
		"etc/ssh/ssh_host_dsa_key.pub":    "",
		"etc/ssh/sshd_config":             "UsePAM yes\n",
		"var/lib/dhcp/dhclient.leases":    "",
		"var/lib/dhcpcd/duid":             "",
		"var/lib/NetworkManager/a.lease":  "",
		"var/lib/NetworkManager/sys.conf": "x",
	} {
		if got := d.get(t, name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	for name, want := range map[string]fs.FileMode{machineIDFile: 0o444, keptFile: 0o644, hostnameFile: 0o644} {
		if info, err := os.Stat(d.path(name)); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
	for path := range d.traces(t) {
		if strings.Contains(path, "-new") {
			t.Errorf("%s was left", path)
		}
	}
}

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

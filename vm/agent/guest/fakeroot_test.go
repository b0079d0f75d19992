//go:build linux

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

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

// identifiedFiles returns the files of a Debian that has the identity original.
func identifiedFiles() map[string]string {
	return map[string]string{
		identityFile:                      "aaaa production\n",
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

// filesWithout returns identifiedFiles without some files.
func filesWithout(names ...string) map[string]string {
	files := identifiedFiles()
	for _, name := range names {
		delete(files, name)
	}
	return files
}

// newRoot creates a guest with the given files, and sets PATH to the given programs.
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

// fileStates returns the state of each file. It differs after any write, even of the same
// data.
func (d *identifier) fileStates(t *testing.T) map[string]string {
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

// fakeKeygen is an ssh-keygen that creates two keys below its prefix.
const fakeKeygen = `[ "$*" = "-A -f $3" ] || exit 9
for type in rsa ed25519; do
	echo "new $type" >"$3/etc/ssh/ssh_host_${type}_key"
	echo "new $type pub" >"$3/etc/ssh/ssh_host_${type}_key.pub"
done
`

var isMachineID = regexp.MustCompile(`^[0-9a-f]{12}4[0-9a-f]{3}[89ab][0-9a-f]{15}\n$`).MatchString

// checkCloned checks that a guest with the identity original now has the identity clone.
func checkCloned(t *testing.T, d *identifier) {
	t.Helper()
	id := d.get(t, machineIDFile)
	if !isMachineID(id) || id == oldMachineID || d.get(t, dbusIDFile) != id {
		t.Errorf("got machine ID %q, D-Bus ID %q; want the same new ID", id, d.get(t, dbusIDFile))
	}
	for name, want := range map[string]string{
		identityFile:                      "bbbb staging\n",
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
	for name, want := range map[string]fs.FileMode{machineIDFile: 0o444, identityFile: 0o644, hostnameFile: 0o644} {
		if info, err := os.Stat(d.path(name)); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: wrong mode: got %v, error %v", name, info, err)
		}
	}
	for path := range d.fileStates(t) {
		if strings.Contains(path, "-new") {
			t.Errorf("temporary file %s still exists", path)
		}
	}
}

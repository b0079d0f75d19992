package seed_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"vmterminal/snapshot/durable"
	"vmterminal/vm/home"
	"vmterminal/vm/seed"
)

func TestWrite(t *testing.T) {
	dir := home.VMDir(t.TempDir())
	g := seed.Guest{ID: "0123abcd", Hostname: "dev", Agent: bytes.Repeat([]byte("agent"), 10000)}
	if err := seed.Write(dir, g); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{dir.SSHKey(), dir.SSHHostKey(), dir.Seed()} {
		if info, err := os.Stat(path); err != nil || info.Mode() != durable.FileMode {
			t.Errorf("%s: got %v, %v; want a file with mode 0600", path, info, err)
		}
	}
	first, err := os.ReadFile(dir.Seed())
	if err != nil {
		t.Fatal(err)
	}
	files := unpackISO(t, dir.Seed())
	if got := files["vmterminal-agent"]; !bytes.Equal(got, g.Agent) {
		t.Errorf("got an agent of %d bytes, want the one written", len(got))
	}
	if len(files) != 6 {
		t.Errorf("got %d files, want 6", len(files))
	}
	var meta map[string]string
	if err := json.Unmarshal(files["meta-data"], &meta); err != nil || meta["instance-id"] != g.ID || meta["local-hostname"] != "dev" {
		t.Errorf("got meta-data %v, %v; want the VM's ID and hostname", meta, err)
	}
	checkKeys(t, dir, files["user-data"])

	// A second Write creates the same seed, unless the hostname has changed.
	if err := seed.Write(dir, g); err != nil {
		t.Fatal(err)
	}
	if again, err := os.ReadFile(dir.Seed()); err != nil || !bytes.Equal(again, first) {
		t.Errorf("second Write: got another seed, or error %v; want the same seed", err)
	}
	g.Hostname = "other"
	if err := seed.Write(dir, g); err != nil {
		t.Fatal(err)
	}
	if user := unpackISO(t, dir.Seed())["user-data"]; !bytes.Contains(user, []byte(`"hostname": "other"`)) {
		t.Errorf("got user-data %s, want the new hostname", user)
	}
}

// checkKeys checks that OpenSSH accepts the keys and that the guest gets the right ones.
func checkKeys(t *testing.T, dir home.VMDir, user []byte) {
	t.Helper()
	text, ok := bytes.CutPrefix(user, []byte("#cloud-config\n"))
	var userData struct {
		Keys     []string          `json:"ssh_authorized_keys"`
		HostKeys map[string]string `json:"ssh_keys"`
		Users    []any             `json:"users"`
	}
	if err := json.Unmarshal(text, &userData); err != nil || !ok || len(userData.Keys) != 1 {
		t.Fatalf("got user-data with error %v\n%s", err, user)
	}
	// sshd without PAM rejects keys for locked accounts; the image's password is not changed.
	if root, ok := userData.Users[1].(map[string]any); !ok || root["name"] != "root" || root["lock_passwd"] != false {
		t.Errorf("got users %v, want an unlocked root", userData.Users)
	}
	own, host := publicHalf(t, dir.SSHKey()), publicHalf(t, dir.SSHHostKey())
	if userData.Keys[0] != own || own == host {
		t.Errorf("got authorized key %q, want %q", userData.Keys[0], own)
	}
	if private, err := os.ReadFile(dir.SSHHostKey()); err != nil || userData.HostKeys["ed25519_private"] != string(private) || userData.HostKeys["ed25519_public"] != host+"\n" {
		t.Errorf("got host key %q, %v; want the VM's host key", userData.HostKeys, err)
	}
	if known, err := os.ReadFile(dir.SSHKnownHosts()); err != nil || string(known) != seed.HostAlias("0123abcd")+" "+host+"\n" {
		t.Errorf("got known hosts %q, %v; want only the VM's host key", known, err)
	}
	if private, err := os.ReadFile(dir.SSHKey()); err != nil || bytes.Contains(user, private) {
		t.Error("the seed contains the private client key")
	}
}

// publicHalf returns the public key that ssh-keygen derives from a private key.
func publicHalf(t *testing.T, path string) string {
	t.Helper()
	out, err := exec.Command("ssh-keygen", "-y", "-f", path).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// unpackISO extracts an image with bsdtar.
func unpackISO(t *testing.T, image string) map[string][]byte {
	t.Helper()
	to := t.TempDir()
	if out, err := exec.Command("bsdtar", "-x", "-f", image, "-C", to).CombinedOutput(); err != nil {
		t.Fatalf("got %v, want no error\n%s", err, out)
	}
	entries, err := os.ReadDir(to)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for _, e := range entries {
		if files[e.Name()], err = os.ReadFile(filepath.Join(to, e.Name())); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := exec.Command("/sbin/blkid", "-p", "-o", "value", "-s", "LABEL", image).Output(); err != nil || string(out) != "cidata\n" {
		t.Errorf("got label %q, %v; want %q", out, err, "cidata\n")
	}
	return files
}

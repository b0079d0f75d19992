package seed_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"vmterminal/app/ondisk"
	"vmterminal/vm/seed"
)

func TestWrite(t *testing.T) {
	dir := ondisk.VMDir(t.TempDir())
	g := seed.Guest{ID: "0123abcd", Hostname: "dev", Agent: bytes.Repeat([]byte("agent"), 10000)}
	if err := seed.Write(dir, g); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{dir.SSHKey(), dir.SSHHostKey(), dir.Seed()} {
		if info, err := os.Stat(path); err != nil || info.Mode() != ondisk.FileMode {
			t.Errorf("%s: %v, %v", path, info, err)
		}
	}
	first, err := os.ReadFile(dir.Seed())
	if err != nil {
		t.Fatal(err)
	}
	files := unpack(t, dir.Seed())
	if got := files["vmterminal-agent"]; !bytes.Equal(got, g.Agent) {
		t.Errorf("the agent came out with %d bytes", len(got))
	}
	if len(files) != 6 {
		t.Errorf("%d files", len(files))
	}
	var meta map[string]string
	if err := json.Unmarshal(files["meta-data"], &meta); err != nil || meta["instance-id"] != g.ID || meta["local-hostname"] != "dev" {
		t.Errorf("meta-data %v, %v", meta, err)
	}
	checkKeys(t, dir, files["user-data"])

	// Made anew it is the same, but for what the VM is called.
	if err := seed.Write(dir, g); err != nil {
		t.Fatal(err)
	}
	if again, err := os.ReadFile(dir.Seed()); err != nil || !bytes.Equal(again, first) {
		t.Errorf("another seed for the same VM, %v", err)
	}
	g.Hostname = "other"
	if err := seed.Write(dir, g); err != nil {
		t.Fatal(err)
	}
	if user := unpack(t, dir.Seed())["user-data"]; !bytes.Contains(user, []byte(`"hostname": "other"`)) {
		t.Errorf("%s", user)
	}
}

// checkKeys holds that OpenSSH takes the keys, that the guest gets the right halves
// of them, and that it is known by its own.
func checkKeys(t *testing.T, dir ondisk.VMDir, user []byte) {
	t.Helper()
	text, ok := bytes.CutPrefix(user, []byte("#cloud-config\n"))
	var told struct {
		Keys     []string          `json:"ssh_authorized_keys"`
		HostKeys map[string]string `json:"ssh_keys"`
		Users    []any             `json:"users"`
	}
	if err := json.Unmarshal(text, &told); err != nil || !ok || len(told.Keys) != 1 {
		t.Fatalf("user-data %v\n%s", err, user)
	}
	// A locked account lets no key in where sshd has no PAM; and how it was is the image's.
	if root, ok := told.Users[1].(map[string]any); !ok || root["name"] != "root" || root["lock_passwd"] != false {
		t.Errorf("root is %v", told.Users)
	}
	own, host := publicHalf(t, dir.SSHKey()), publicHalf(t, dir.SSHHostKey())
	if told.Keys[0] != own || own == host {
		t.Errorf("it is opened by %q, not %q", told.Keys[0], own)
	}
	if private, err := os.ReadFile(dir.SSHHostKey()); err != nil || told.HostKeys["ed25519_private"] != string(private) || told.HostKeys["ed25519_public"] != host+"\n" {
		t.Errorf("its host key is %q, %v", told.HostKeys, err)
	}
	if known, err := os.ReadFile(dir.SSHKnownHosts()); err != nil || string(known) != seed.HostAlias("0123abcd")+" "+host+"\n" {
		t.Errorf("known hosts %q, %v", known, err)
	}
	if private, err := os.ReadFile(dir.SSHKey()); err != nil || bytes.Contains(user, private) {
		t.Error("the guest got the key that opens it")
	}
}

// publicHalf is what ssh-keygen makes of a private key.
func publicHalf(t *testing.T, path string) string {
	t.Helper()
	out, err := exec.Command("ssh-keygen", "-y", "-f", path).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// unpack reads an image as another program does.
func unpack(t *testing.T, image string) map[string][]byte {
	t.Helper()
	to := t.TempDir()
	if out, err := exec.Command("bsdtar", "-x", "-f", image, "-C", to).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
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
		t.Errorf("its label is %q, %v", out, err)
	}
	return files
}

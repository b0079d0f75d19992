package seed

import (
	_ "embed"
	"encoding/json"
	"io"
	"os"

	"vmterminal/snapshot/durable"
	"vmterminal/vm/debian"
	"vmterminal/vm/home"
)

//go:embed install.sh
var installScript []byte

//go:embed vmterminal-agent.openrc
var openRCScript []byte

// label is the volume label that cloud-init searches for.
const label = "cidata"

// Guest holds the contents of a seed.
type Guest struct {
	// ID is the VM's ID. If it changes, cloud-init treats the guest as a new machine.
	ID, Hostname string
	Agent        []byte // the agent's program
}

// Write writes the seed into a VM's folder, durably. It first creates the VM's SSH keys and
// known_hosts if they do not exist.
func Write(dir home.VMDir, g Guest) error {
	clientKey, err := EnsureClientKey(dir)
	if err != nil {
		return err
	}
	hostKey, err := ensureKey(dir.SSHHostKey(), "vmterminal")
	if err != nil {
		return err
	}
	if err := WriteKnownHosts(dir, g.ID, []string{hostKey.Public}); err != nil {
		return err
	}
	files, err := g.files(clientKey, hostKey)
	if err != nil {
		return err
	}
	return durable.Replace(dir.Seed(), func(w io.Writer) error { return writeISO(w, label, files) })
}

// EnsureClientKey returns the key for logging in to a VM's guest, and creates it if it does
// not exist.
func EnsureClientKey(dir home.VMDir) (Key, error) { return ensureKey(dir.SSHKey(), "vmterminal") }

// WriteKnownHosts writes a VM's known_hosts file with the given public host keys.
func WriteKnownHosts(dir home.VMDir, id string, keys []string) error {
	text := ""
	for _, key := range keys {
		text += HostAlias(id) + " " + key + "\n"
	}
	return writeIfChanged(dir.SSHKnownHosts(), text)
}

// HostAlias returns the name of a VM's guest in known_hosts, which does not depend on the
// guest's address.
func HostAlias(id string) string { return "vmterminal-" + id }

// writeIfChanged replaces a file, durably, unless it already has that text.
func writeIfChanged(path, text string) error {
	if old, err := os.ReadFile(path); err == nil && string(old) == text {
		return nil
	}
	return durable.Replace(path, func(w io.Writer) error {
		_, err := io.WriteString(w, text)
		return err
	})
}

// bootCommand finds the seed by its label, like cloud-init.
const bootCommand = "d=/run/vmterminal-seed; mkdir -p $d && mount -t iso9660 -o ro LABEL=" + label +
	" $d && { sh $d/install.sh; umount $d; }"

type user struct {
	Name string   `json:"name"`
	Keys []string `json:"ssh_authorized_keys"`
	// LockPassword must be false: without PAM, as on Alpine, sshd rejects keys for locked
	// accounts. The password from the image is not changed.
	LockPassword bool `json:"lock_passwd"`
}

// userData is cloud-init's configuration. It is written as JSON, a subset of YAML in which
// names and keys need no special quoting.
type userData struct {
	Hostname         string            `json:"hostname"`
	PreserveHostname bool              `json:"preserve_hostname"`
	DisableRoot      bool              `json:"disable_root"`
	PasswordLogin    bool              `json:"ssh_pwauth"`
	Users            []any             `json:"users"`
	Keys             []string          `json:"ssh_authorized_keys"`
	HostKeys         map[string]string `json:"ssh_keys"`
	GrowPartition    map[string]any    `json:"growpart"`
	ResizeRoot       bool              `json:"resize_rootfs"`
	BootCommands     [][]string        `json:"bootcmd"`
}

func (g Guest) files(clientKey, hostKey Key) ([]file, error) {
	user, err := json.MarshalIndent(userData{
		Hostname: g.Hostname,
		Users:    []any{"default", user{Name: "root", Keys: []string{clientKey.Public}}},
		Keys:     []string{clientKey.Public},
		HostKeys: map[string]string{"ed25519_private": hostKey.Private, "ed25519_public": hostKey.Public + "\n"},
		GrowPartition: map[string]any{
			"mode": "auto", "devices": []string{"/"},
		},
		ResizeRoot:   true,
		BootCommands: [][]string{{"sh", "-c", bootCommand}},
	}, "", "  ")
	if err != nil {
		return nil, err
	}
	meta, err := json.Marshal(map[string]string{"instance-id": g.ID, "local-hostname": g.Hostname})
	if err != nil {
		return nil, err
	}
	return []file{
		{"user-data", append([]byte("#cloud-config\n"), user...)},
		{"meta-data", meta},
		{"install.sh", installScript},
		{"vmterminal-agent", g.Agent},
		{"vmterminal-agent.service", []byte(debian.AgentUnit)},
		{"vmterminal-agent.openrc", openRCScript},
	}, nil
}

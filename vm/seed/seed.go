package seed

import (
	_ "embed"
	"encoding/json"
	"io"
	"os"

	"vmterminal/app/ondisk"
	"vmterminal/vm/debian"
)

//go:embed install.sh
var installScript []byte

//go:embed vmterminal-agent.openrc
var openRCScript []byte

// label is what cloud-init looks for.
const label = "cidata"

// Guest is what a guest is told.
type Guest struct {
	// ID is the VM's: to cloud-init a guest with another is another machine.
	ID, Hostname string
	Agent        []byte // the agent's program
}

// Write makes the seed in a VM's folder, and before it the VM's SSH keys and the
// one line of its known hosts, where they are not there yet. What is there already
// of the seed is replaced, durably.
func Write(dir ondisk.VMDir, g Guest) error {
	own, err := OwnKey(dir)
	if err != nil {
		return err
	}
	host, err := keepKey(dir.SSHHostKey(), "vmterminal")
	if err != nil {
		return err
	}
	if err := KnowHost(dir, g.ID, []string{host.Public}); err != nil {
		return err
	}
	files, err := g.files(own, host)
	if err != nil {
		return err
	}
	return ondisk.Replace(dir.Seed(), func(w io.Writer) error { return writeISO(w, label, files) })
}

// OwnKey is the key that opens a VM's guest, made if there is none yet.
func OwnKey(dir ondisk.VMDir) (Key, error) { return keepKey(dir.SSHKey(), "vmterminal") }

// KnowHost makes a VM's known hosts those of its guest, by the lines of the public
// halves of its host keys.
func KnowHost(dir ondisk.VMDir, id string, keys []string) error {
	text := ""
	for _, key := range keys {
		text += HostAlias(id) + " " + key + "\n"
	}
	return replace(dir.SSHKnownHosts(), text)
}

// HostAlias is the name by which a VM's guest is known to SSH, whatever address it
// is reached at.
func HostAlias(id string) string { return "vmterminal-" + id }

// replace leaves a file alone that says that already.
func replace(path, text string) error {
	if is, err := os.ReadFile(path); err == nil && string(is) == text {
		return nil
	}
	return ondisk.Replace(path, func(w io.Writer) error {
		_, err := io.WriteString(w, text)
		return err
	})
}

// bootCommand finds the seed by its label, as cloud-init has.
const bootCommand = "d=/run/vmterminal-seed; mkdir -p $d && mount -t iso9660 -o ro LABEL=" + label +
	" $d && { sh $d/install.sh; umount $d; }"

type user struct {
	Name string   `json:"name"`
	Keys []string `json:"ssh_authorized_keys"`
	// LockPassword would shut the account for keys, too, where sshd has no PAM, as
	// Alpine's. What password the image gives it, or none that fits, stays.
	LockPassword bool `json:"lock_passwd"`
}

// userData is cloud-init's configuration. JSON is YAML, in which no name and no
// key can mean something else.
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

func (g Guest) files(own, host Key) ([]file, error) {
	user, err := json.MarshalIndent(userData{
		Hostname: g.Hostname,
		Users:    []any{"default", user{Name: "root", Keys: []string{own.Public}}},
		Keys:     []string{own.Public},
		HostKeys: map[string]string{"ed25519_private": host.Private, "ed25519_public": host.Public + "\n"},
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

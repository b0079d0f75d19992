package app

import (
	"context"
	"errors"
	"os/exec"
	"regexp"
	"strings"

	"vmterminal/vm/seed"
)

var (
	// ErrNoSSH says that this computer has no ssh.
	ErrNoSSH = errors.New("ssh was not found")
	// ErrNoSSHServer says that the guest has no sshd.
	ErrNoSSHServer = errors.New("the guest has no SSH server")
)

// openSSH lets the key that is its argument in as root, and prints the guest's host
// keys; nothing where there is no sshd.
const openSSH = `command -v sshd >/dev/null || exit 0
umask 077
mkdir -p /root/.ssh
keys=/root/.ssh/authorized_keys
[ -e "$keys" ] || : >"$keys"
grep -qxF "$1" "$keys" || printf '%s\n' "$1" >>"$keys"
for key in /etc/ssh/ssh_host_*_key; do
	[ -e "$key" ] || ssh-keygen -A >/dev/null
	break
done
cat /etc/ssh/ssh_host_*_key.pub`

// serveSSH is what speaks SSH for the guest: sshd on the agent's line, so that
// neither a port nor a network is needed.
const serveSSH = `mkdir -p /run/sshd && exec "$(command -v sshd)" -i`

// SSHCommand is the system's ssh into a running VM's guest, as root, with a key of
// the VM's own. The guest's host keys are asked for by its agent, so that ssh knows
// whom it speaks with and accepts nobody else. args are ssh's own, behind the host:
// a command, or none for a shell.
func (s *Service) SSHCommand(ctx context.Context, vmName string, args []string) ([]string, error) {
	e, err := s.entry(vmName)
	if err != nil {
		return nil, failed(err, "", "open SSH to %s", called(vmName))
	}
	command, err := s.sshCommand(ctx, e.Name, e.ID)
	return append(command, args...), failed(err, "", "open SSH to VM '%s'", e.Name)
}

func (s *Service) sshCommand(ctx context.Context, name, id string) ([]string, error) {
	ssh, err := exec.LookPath("ssh")
	if err != nil {
		return nil, ErrNoSSH
	}
	client, err := s.reach(ctx, name)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	if err := waitForAgent(ctx, client); err != nil {
		return nil, err
	}
	dir := s.vms.Dir(name)
	own, err := seed.OwnKey(dir)
	if err != nil {
		return nil, err
	}
	said := &firstBytes{left: 64 << 10}
	if err := inGuest(ctx, client, openSSH, []string{own.Public}, nil, said); err != nil {
		return nil, err
	}
	keys := hostKeyLines(said.String())
	if len(keys) == 0 {
		return nil, ErrNoSSHServer
	}
	if err := seed.KnowHost(dir, id, keys); err != nil {
		return nil, err
	}
	proxy := strings.Join([]string{quoted(s.opt.Program), "exec", "--vm", quoted(name), "--", "sh", "-c", quoted(serveSSH)}, " ")
	return []string{
		ssh, "-F", "none", "-l", "root", "-i", dir.SSHKey(),
		"-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none", "-o", "PasswordAuthentication=no",
		"-o", `UserKnownHostsFile="` + dir.SSHKnownHosts() + `"`, "-o", "GlobalKnownHostsFile=none",
		"-o", "StrictHostKeyChecking=yes", "-o", "UpdateHostKeys=no", "-o", "HostKeyAlias=" + seed.HostAlias(id),
		"-o", "ProxyCommand=" + strings.ReplaceAll(proxy, "%", "%%"),
		"--", seed.HostAlias(id),
	}, nil
}

var hostKeyLine = regexp.MustCompile(`^([a-z0-9@.-]+ [A-Za-z0-9+/]+=*)(?: .*)?$`)

// hostKeyLines are the public keys of what a guest says are its own, without their
// comments; it may say anything.
func hostKeyLines(said string) []string {
	var keys []string
	for line := range strings.Lines(said) {
		if m := hostKeyLine.FindStringSubmatch(strings.TrimSpace(line)); m != nil {
			keys = append(keys, m[1])
		}
	}
	return keys
}

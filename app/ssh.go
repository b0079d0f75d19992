package app

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	"vmterminal/app/guestfiles"
	"vmterminal/app/hostcmd"
	"vmterminal/app/problem"
	"vmterminal/vm/home"
	"vmterminal/vm/seed"
)

var (
	// ErrNoSSH means that the host has no ssh program.
	ErrNoSSH = errors.New("ssh was not found")
	// ErrNoSSHServer means that the guest has no sshd.
	ErrNoSSHServer = errors.New("the guest has no SSH server")
)

// authorizeKeyScript authorizes the key in its argument for root, and prints the guest's host
// keys. It prints nothing if the guest has no sshd.
const authorizeKeyScript = `command -v sshd >/dev/null || exit 0
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

// sshdScript runs sshd on the standard input and output of an agent command, so that neither a
// port nor a network is needed.
const sshdScript = `mkdir -p /run/sshd && exec "$(command -v sshd)" -i`

// SSHCommand returns a command that runs the host's ssh as root in a running VM's guest, with
// the VM's own key. The agent provides the guest's host keys, so that ssh accepts no other
// server. args are added after the host: a command, or nothing for a shell. The returned
// command is not started, and its streams are not set.
func (s *Service) SSHCommand(ctx context.Context, vmName string, args []string) (*exec.Cmd, error) {
	e, err := s.entry(vmName)
	if err != nil {
		return nil, wrapFailure(err, problem.Operation{Code: problem.OpSSHOpen, VM: vmName})
	}
	cmd, err := s.sshCommand(ctx, e.Name, e.ID)
	if err != nil {
		return nil, wrapFailure(err, problem.Operation{Code: problem.OpSSHOpen, VM: e.Name})
	}
	cmd.Args = append(cmd.Args, args...)
	return cmd, nil
}

func (s *Service) sshCommand(ctx context.Context, name, id string) (*exec.Cmd, error) {
	ssh, err := exec.LookPath("ssh")
	if err != nil {
		return nil, ErrNoSSH
	}
	vmClient, err := s.connect(ctx, name)
	if err != nil {
		return nil, err
	}
	defer vmClient.Close()
	if err := waitForAgent(ctx, vmClient); err != nil {
		return nil, err
	}
	dir := s.vms.Dir(name)
	key, err := seed.EnsureClientKey(dir)
	if err != nil {
		return nil, err
	}
	answer, err := guestfiles.Runner(vmClient.Exec).Query(ctx, 64<<10, authorizeKeyScript, key.Public)
	if err != nil {
		return nil, err
	}
	keys := hostKeyLines(answer)
	if len(keys) == 0 {
		return nil, ErrNoSSHServer
	}
	if err := seed.WriteKnownHosts(dir, id, keys); err != nil {
		return nil, err
	}
	return s.sshWithKeys(ssh, name, id), nil
}

// sshWithKeys returns an ssh command that uses only the VM's own files. It runs in their folder
// and names them without a path, because ssh expands '%' and '${' in file names.
func (s *Service) sshWithKeys(ssh, name, id string) *exec.Cmd {
	dir := s.vms.Dir(name)
	proxy := strings.Join([]string{hostcmd.Quote(s.opt.Program), "exec", "--vm", hostcmd.Quote(name), "--", "sh", "-c", hostcmd.Quote(sshdScript)}, " ")
	cmd := exec.Command(
		ssh, "-F", "none", "-l", "root", "-i", filepath.Base(dir.SSHKey()),
		"-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none", "-o", "PasswordAuthentication=no",
		"-o", "UserKnownHostsFile="+filepath.Base(dir.SSHKnownHosts()), "-o", "GlobalKnownHostsFile=none",
		"-o", "StrictHostKeyChecking=yes", "-o", "UpdateHostKeys=no", "-o", "HostKeyAlias="+seed.HostAlias(id),
		"-o", "ProxyCommand="+strings.ReplaceAll(proxy, "%", "%%"),
		"--", seed.HostAlias(id),
	)
	cmd.Dir = filepath.Dir(dir.SSHKey())
	// ssh runs the proxy command with SHELL, which must understand the quoting of
	// hostcmd.Quote.
	cmd.Env = append(os.Environ(), home.EnvVar+"="+string(s.opt.Home), "SHELL=/bin/sh")
	return cmd
}

var hostKeyLine = regexp.MustCompile(`^([a-z0-9@.-]+ [A-Za-z0-9+/]+=*)(?: .*)?$`)

// hostKeyLines returns the valid public keys in the guest's answer, without comments.
func hostKeyLines(answer string) []string {
	var keys []string
	for line := range strings.Lines(answer) {
		if m := hostKeyLine.FindStringSubmatch(strings.TrimSpace(line)); m != nil {
			keys = append(keys, m[1])
		}
	}
	return keys
}

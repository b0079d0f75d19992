//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

const (
	sshDir = "etc/ssh"
	// cloudInstanceFile contains the ID of the instance that cloud-init has set up. The
	// instance ID in a seed is the VM's ID.
	cloudInstanceFile = "var/lib/cloud/data/instance-id"
	// toolLimit is how long a program may run. Generating keys takes almost a minute on
	// a slow emulated machine.
	toolLimit = 2 * time.Minute
)

// renewHostKeys replaces sshd's host keys, each atomically, so that sshd always finds
// keys. It does nothing if the guest has no keys, or if cloud-init has set it up for this
// VM: then it has the keys from its seed, which are in known_hosts.
func (d *identifier) renewHostKeys(c *identityChange) error {
	dir := d.path(sshDir)
	old := listHostKeys(dir)
	if len(old) == 0 || d.isSeeded(c) {
		return nil
	}
	keygen, err := exec.LookPath("ssh-keygen")
	if err != nil {
		c.addNote("ssh-keygen is missing: the SSH host keys are still those of the other VM")
		return nil
	}
	tmp := filepath.Join(dir, ".vmterminal-new")
	if err := os.RemoveAll(tmp); err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	if err := os.MkdirAll(filepath.Join(tmp, sshDir), 0o700); err != nil {
		return err
	}
	if err := runTool(keygen, "-A", "-f", tmp); err != nil {
		return err
	}
	fresh := listHostKeys(filepath.Join(tmp, sshDir))
	if len(fresh) == 0 {
		return errors.New("ssh-keygen created no SSH host keys")
	}
	if d.isSeeded(c) { // cloud-init runs concurrently at boot
		return nil
	}
	if err := replaceKeys(dir, old, fresh); err != nil {
		return err
	}
	c.result.Renewed = append(c.result.Renewed, "ssh-host-keys")
	if err := d.restartSSHD(); err != nil {
		c.addNote("sshd uses the old host keys until it is restarted: %v", err)
	}
	return nil
}

// isSeeded reports whether cloud-init is setting up or has set up the guest for this VM.
func (d *identifier) isSeeded(c *identityChange) bool {
	instance, _ := d.readLine(cloudInstanceFile) // on error, renew the keys
	return instance == c.to.ID
}

// listHostKeys returns the host key files in dir: private keys, public keys and certificates.
func listHostKeys(dir string) []string {
	var files []string
	for _, suffix := range []string{"", ".pub", "-cert.pub"} {
		some, _ := filepath.Glob(filepath.Join(dir, "ssh_host_*_key"+suffix)) // the pattern is valid
		files = append(files, some...)
	}
	return files
}

// replaceKeys moves the fresh keys into dir durably, and removes the old keys that were
// not replaced.
func replaceKeys(dir string, old, fresh []string) error {
	for _, file := range fresh {
		target := filepath.Join(dir, filepath.Base(file))
		if err := syncPath(file); err != nil {
			return err
		}
		if err := os.Rename(file, target); err != nil {
			return err
		}
		old = slices.DeleteFunc(old, func(o string) bool { return o == target })
	}
	for _, file := range old {
		if err := os.Remove(file); err != nil {
			return err
		}
	}
	return syncPath(dir)
}

// exitUnitUnknown is systemctl's exit code for a unit that does not exist.
const exitUnitUnknown = 5

// restartSSHD restarts sshd if it is running.
func (d *identifier) restartSSHD() error {
	if _, err := os.Stat(d.path("run/systemd/system")); err == nil {
		for _, unit := range []string{"ssh.service", "sshd.service"} {
			// Waiting could deadlock, as the agent may run as part of the boot.
			err := runTool("systemctl", "--no-block", "try-restart", unit)
			var exit *exec.ExitError
			if !errors.As(err, &exit) || exit.ExitCode() != exitUnitUnknown {
				return err
			}
		}
		return nil
	}
	if _, err := exec.LookPath("rc-service"); err != nil {
		return errors.New("found neither systemd nor rc-service")
	}
	for _, service := range []string{"sshd", "ssh"} {
		if runTool("rc-service", service, "status") == nil {
			return runTool("rc-service", service, "restart")
		}
	}
	return nil // sshd is not running
}

// runTool runs a program of the guest. The error contains the last line of its output.
func runTool(name string, args ...string) error {
	ctx, cancel := context.WithTimeout(context.Background(), toolLimit)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = "/"
	cmd.WaitDelay = time.Second // its children may keep the pipe open
	output, err := cmd.CombinedOutput()
	if err == nil {
		return nil
	}
	text := strings.TrimSpace(string(output))
	return fmt.Errorf("%s: %w: %s", filepath.Base(name), err, text[strings.LastIndexByte(text, '\n')+1:])
}

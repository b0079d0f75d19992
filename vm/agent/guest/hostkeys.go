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
	// cloudInstance is where cloud-init keeps for which instance it has set up the
	// guest last. A seed gives the VM's ID for that.
	cloudInstance = "var/lib/cloud/data/instance-id"
	// toolLimit bounds each program that is run here. Making keys takes most of
	// a minute on a slow emulated machine.
	toolLimit = 2 * time.Minute
)

// renewHostKeys replaces sshd's host keys by new ones, each at once, so that
// sshd finds keys at any time. A guest without keys gets none. One that cloud-init
// has set up for this VM has them from its seed, by which it is known.
func (d *identifier) renewHostKeys(c *change) error {
	dir := d.path(sshDir)
	old := hostKeys(dir)
	if len(old) == 0 || d.seeded(c) {
		return nil
	}
	keygen, err := exec.LookPath("ssh-keygen")
	if err != nil {
		c.note("ssh-keygen is missing: the SSH host keys are those of the other VM")
		return nil
	}
	made := filepath.Join(dir, ".vmterminal-new")
	if err := os.RemoveAll(made); err != nil {
		return err
	}
	defer os.RemoveAll(made)
	if err := os.MkdirAll(filepath.Join(made, sshDir), 0o700); err != nil {
		return err
	}
	if err := runTool(keygen, "-A", "-f", made); err != nil {
		return err
	}
	fresh := hostKeys(filepath.Join(made, sshDir))
	if len(fresh) == 0 {
		return errors.New("ssh-keygen made no SSH host keys")
	}
	if d.seeded(c) { // meanwhile: both run as the guest boots
		return nil
	}
	if err := swapKeys(dir, old, fresh); err != nil {
		return err
	}
	c.renewed("ssh-host-keys")
	if err := d.restartSSHD(); err != nil {
		c.note("sshd uses the old host keys until it is started anew: %v", err)
	}
	return nil
}

// seeded says that cloud-init sets up the guest for this VM, or has done so.
func (d *identifier) seeded(c *change) bool {
	instance, _ := d.readLine(cloudInstance) // what cannot be read is no reason to keep another VM's keys
	return instance == c.to.ID
}

// hostKeys returns the files of private keys, public keys and certificates.
func hostKeys(dir string) []string {
	var files []string
	for _, suffix := range []string{"", ".pub", "-cert.pub"} {
		some, _ := filepath.Glob(filepath.Join(dir, "ssh_host_*_key"+suffix)) // fails for no such pattern
		files = append(files, some...)
	}
	return files
}

// swapKeys moves the fresh keys into dir, durably, and removes what is left of
// the old ones.
func swapKeys(dir string, old, fresh []string) error {
	for _, file := range fresh {
		place := filepath.Join(dir, filepath.Base(file))
		if err := syncPath(file); err != nil {
			return err
		}
		if err := os.Rename(file, place); err != nil {
			return err
		}
		old = slices.DeleteFunc(old, func(o string) bool { return o == place })
	}
	for _, file := range old {
		if err := os.Remove(file); err != nil {
			return err
		}
	}
	return syncPath(dir)
}

// unitUnknown is systemctl's exit code for a unit that there is not.
const unitUnknown = 5

// restartSSHD starts sshd anew if it runs, by the init system that there is.
func (d *identifier) restartSSHD() error {
	if _, err := os.Stat(d.path("run/systemd/system")); err == nil {
		for _, unit := range []string{"ssh.service", "sshd.service"} {
			// Waiting could be for ever: this may itself be part of the boot.
			err := runTool("systemctl", "--no-block", "try-restart", unit)
			var exit *exec.ExitError
			if !errors.As(err, &exit) || exit.ExitCode() != unitUnknown {
				return err
			}
		}
		return nil
	}
	if _, err := exec.LookPath("rc-service"); err != nil {
		return errors.New("neither systemctl nor rc-service is there")
	}
	for _, service := range []string{"sshd", "ssh"} {
		if runTool("rc-service", service, "status") == nil {
			return runTool("rc-service", service, "restart")
		}
	}
	return nil // it does not run
}

// runTool runs one of the guest's own programs; its error has the last line
// that it said.
func runTool(name string, args ...string) error {
	ctx, cancel := context.WithTimeout(context.Background(), toolLimit)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = "/"
	cmd.WaitDelay = time.Second // for what its children hold open
	said, err := cmd.CombinedOutput()
	if err == nil {
		return nil
	}
	text := strings.TrimSpace(string(said))
	return fmt.Errorf("%s: %w: %s", filepath.Base(name), err, text[strings.LastIndexByte(text, '\n')+1:])
}

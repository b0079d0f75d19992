//go:build linux

package main

import (
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"
)

const (
	hostnameFile   = "etc/hostname"
	hostsFile      = "etc/hosts"
	kernelNameFile = "proc/sys/kernel/hostname"
)

// renewHostname sets the hostname. It does not create /etc/hostname if the kernel already
// has the right name, as in the built-in guest, which gets it from the kernel command line.
func (d *identifier) renewHostname(c *identityChange) error {
	name := c.to.Hostname
	now, err := d.readLine(kernelNameFile)
	if err != nil {
		return err
	}
	configured, err := d.readLine(hostnameFile)
	if err != nil {
		return err
	}
	old := configured
	if old == "" {
		old = now
	}
	if old != name {
		// /etc/hosts comes first: after an interruption, /etc/hostname still has the old name.
		if err := d.renameInHosts(old, name); err != nil {
			return err
		}
		if err := replaceFile(d.path(hostnameFile), name+"\n", 0o644); err != nil {
			return err
		}
	}
	if now != name {
		if err := os.WriteFile(d.path(kernelNameFile), []byte(name), 0o600); err != nil { // the mode has no effect on a kernel file
			return err
		}
	}
	if old != name || now != name {
		c.result.Renewed = append(c.result.Renewed, "hostname")
	}
	return nil
}

// readLine returns the first line of a file that is neither empty nor a comment, or "" if
// the file does not exist or has no such line.
func (d *identifier) readLine(name string) (string, error) {
	text, err := os.ReadFile(d.path(name))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			return line, nil
		}
	}
	return "", nil
}

// debianHostAddress is the address of the machine itself in Debian's /etc/hosts.
const debianHostAddress = "127.0.1.1"

func (d *identifier) renameInHosts(old, name string) error {
	text, err := os.ReadFile(d.path(hostsFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var renamed strings.Builder
	for line := range strings.Lines(string(text)) {
		renamed.WriteString(renameInLine(line, old, name))
	}
	if renamed.String() == string(text) {
		return nil
	}
	return replaceFile(d.path(hostsFile), renamed.String(), 0o644)
}

// renameInLine replaces the name old, with or without a domain, in the line for
// debianHostAddress. It returns other lines unchanged.
func renameInLine(line, old, name string) string {
	entry, comment, commented := strings.Cut(line, "#")
	words := strings.Fields(entry)
	if len(words) == 0 || words[0] != debianHostAddress {
		return line
	}
	for i, word := range words[1:] {
		if rest, ok := strings.CutPrefix(word, old); ok && (rest == "" || rest[0] == '.') {
			words[i+1] = name + rest
		}
	}
	if !slices.Contains(words[1:], name) {
		words = append(words, name)
	}
	if slices.Equal(words, strings.Fields(entry)) {
		return line
	}
	renamed := words[0] + "\t" + strings.Join(words[1:], " ")
	if commented {
		return renamed + " #" + comment
	}
	return renamed + "\n"
}

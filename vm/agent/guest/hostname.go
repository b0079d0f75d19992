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

// renewHostname gives the guest its name, where it has another. A guest without
// a file for it that has the right name already, as the built-in one from the
// kernel's command line, gets no file.
func (d *identifier) renewHostname(c *change) error {
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
		// The hosts first: while /etc/hostname has the old name, it is known.
		if err := d.renameInHosts(old, name); err != nil {
			return err
		}
		if err := replaceFile(d.path(hostnameFile), name+"\n", 0o644); err != nil {
			return err
		}
	}
	if now != name {
		if err := os.WriteFile(d.path(kernelNameFile), []byte(name), 0o600); err != nil { // the kernel's file has its own mode
			return err
		}
	}
	if old != name || now != name {
		c.renewed("hostname")
	}
	return nil
}

// readLine returns a file's first line that is neither empty nor a comment; ""
// when there is none, or no file.
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

// ownAddress is the one by which Debian's /etc/hosts names the machine itself.
const ownAddress = "127.0.1.1"

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

// renameInLine renames the machine in the line of its own address, in a domain
// or without; other names there stay. Other lines are returned as they are.
func renameInLine(line, old, name string) string {
	entry, comment, commented := strings.Cut(line, "#")
	words := strings.Fields(entry)
	if len(words) == 0 || words[0] != ownAddress {
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

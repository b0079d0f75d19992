//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"vmterminal/vm/agent/wire"
)

// identityFile contains the guest's current identity in one line: ID and hostname. The
// built-in guest's /etc/init.d/boot also reads it.
const identityFile = "var/lib/vmterminal/id"

// An identifier applies the identity that the host sends. It recognizes a disk copied
// from another VM by the ID stored on it.
//
// Services that start before the agent (journal, DHCP client, sshd) have already used
// the old machine ID and keys. sshd is restarted; the others use the new identity after
// the next boot. The built-in guest applies its identity before its network is up.
type identifier struct {
	root    string   // "/" except in tests
	freezer *freezer // apply waits until file systems are thawed

	mu sync.Mutex // serializes apply
}

func (d *identifier) path(name string) string { return filepath.Join(d.root, name) }

// An identityChange is a change of the guest's identity.
type identityChange struct {
	from, to wire.Identity // from is zero if the guest had none
	result   wire.IdentityResult
}

func (c *identityChange) addNote(format string, args ...any) {
	c.result.Notes = append(c.result.Notes, fmt.Sprintf(format, args...))
}

// apply makes who the guest's identity. If it already is, apply writes nothing.
// identityFile is replaced last, when all other changes are durable, so that an
// interrupted or failed change is repeated by the next call.
func (d *identifier) apply(id wire.Identity) (*wire.IdentityResult, error) {
	if err := id.Check(); err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	current, err := d.loadIdentity()
	if err != nil {
		return nil, err
	}
	if current == id {
		return d.loadResult(), nil
	}
	_ = d.freezer.waitThawed(context.Background()) // a freeze ends by itself
	// If the identity could not be stored, everything would be renewed at every boot.
	next, err := prepareFile(d.path(identityFile), id.ID+" "+id.Hostname+"\n", 0o644)
	if err != nil {
		return nil, fmt.Errorf("store the identity (nothing was changed): %w", err)
	}
	defer os.Remove(next.path)
	c := &identityChange{from: current, to: id}
	for _, step := range d.steps(c) {
		if err := step(c); err != nil {
			return nil, fmt.Errorf("apply the identity of %s: %w", id.Hostname, err)
		}
	}
	if err := next.commit(); err != nil {
		return nil, err
	}
	d.saveResult(c.result)
	return &c.result, nil
}

// loadIdentity returns the stored identity, or the zero value if it is missing or invalid.
func (d *identifier) loadIdentity() (wire.Identity, error) {
	text, err := os.ReadFile(d.path(identityFile))
	if errors.Is(err, fs.ErrNotExist) {
		return wire.Identity{}, nil
	}
	if err != nil {
		return wire.Identity{}, err
	}
	var id wire.Identity
	if words := strings.Fields(string(text)); len(words) == 2 {
		id = wire.Identity{ID: words[0], Hostname: words[1]}
	}
	if id.Check() != nil {
		return wire.Identity{}, nil
	}
	return id, nil
}

// steps returns the necessary steps in order. Each can be repeated.
func (d *identifier) steps(c *identityChange) []func(*identityChange) error {
	switch c.from.ID {
	case "":
		c.result.Change = wire.IdentityFirst
		return []func(*identityChange) error{d.completeMachineID, d.renewHostname}
	case c.to.ID:
		c.result.Change = wire.IdentityRenamed
		return []func(*identityChange) error{d.renewHostname}
	default:
		c.result.Change = wire.IdentityCopied
		return []func(*identityChange) error{d.renewMachineID, d.renewHostname, d.renewHostKeys, d.removeLeases}
	}
}

//go:build linux

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"vmterminal/vm/agent/wire"
)

// keptFile holds the identity that the guest took on last, as one line: ID and
// hostname. The built-in guest's /etc/init.d/boot reads it too.
const keptFile = "var/lib/vmterminal/id"

// An identifier gives the guest the identity that the host tells it. A disk
// that comes from another VM, by whatever way, is known by the ID kept on it.
//
// Until then such a guest works under the identity of the other: what starts
// before the agent (journal, DHCP client, sshd) has seen the old machine id and
// keys. sshd is started anew; the rest follows at the next boot. The built-in
// guest takes its identity on before its network is up.
type identifier struct {
	root    string   // of the guest's files: "/", but in tests
	freezer *freezer // what it holds is not to be written to

	mu sync.Mutex // one is taken on at a time
}

func (d *identifier) path(name string) string { return filepath.Join(d.root, name) }

// A change is how one identity is taken on after another.
type change struct {
	from, to wire.Identity // from is zero in a guest that was never told
	did      wire.Identified
}

func (c *change) renewed(what string) { c.did.Renewed = append(c.did.Renewed, what) }
func (c *change) note(format string, args ...any) {
	c.did.Notes = append(c.did.Notes, fmt.Sprintf(format, args...))
}

// take makes who the guest's identity. Told the kept one again it writes
// nothing. The kept one is replaced last, when the rest is durable, so that what
// was interrupted or failed is done again at the next call.
func (d *identifier) take(who wire.Identity) (*wire.Identified, error) {
	if err := who.Check(); err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	kept, err := d.kept()
	if err != nil {
		return nil, err
	}
	if kept == who {
		return d.recall(), nil
	}
	if d.freezer.frozen() {
		return nil, errFrozen
	}
	// Where it could not be kept, all would be made anew at every boot.
	next, err := prepareFile(d.path(keptFile), who.ID+" "+who.Hostname+"\n", 0o644)
	if err != nil {
		return nil, fmt.Errorf("nothing was changed: %w", err)
	}
	defer next.discard()
	c := &change{from: kept, to: who}
	for _, step := range d.steps(c) {
		if err := step(c); err != nil {
			return nil, fmt.Errorf("take on the identity of %s: %w", who.Hostname, err)
		}
	}
	if err := next.commit(); err != nil {
		return nil, err
	}
	d.remember(c.did)
	return &c.did, nil
}

// kept returns the identity taken on last; zero when there is none.
func (d *identifier) kept() (wire.Identity, error) {
	text, err := os.ReadFile(d.path(keptFile))
	if errors.Is(err, fs.ErrNotExist) {
		return wire.Identity{}, nil
	}
	if err != nil {
		return wire.Identity{}, err
	}
	var kept wire.Identity
	if words := strings.Fields(string(text)); len(words) == 2 {
		kept = wire.Identity{ID: words[0], Hostname: words[1]}
	}
	if kept.Check() != nil {
		return wire.Identity{}, nil
	}
	return kept, nil
}

// steps are what has to be done, in order; each may be done again.
func (d *identifier) steps(c *change) []func(*change) error {
	switch c.from.ID {
	case "":
		c.did.Found = wire.IdentityFirst
		return []func(*change) error{d.completeMachineID, d.renewHostname}
	case c.to.ID:
		c.did.Found = wire.IdentityRenamed
		return []func(*change) error{d.renewHostname}
	default:
		c.did.Found = wire.IdentityCopied
		return []func(*change) error{d.renewMachineID, d.renewHostname, d.renewHostKeys, d.dropLeases}
	}
}

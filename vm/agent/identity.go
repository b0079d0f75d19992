package agent

import (
	"context"
	"fmt"
	"slices"
	"time"

	"vmterminal/vm/agent/wire"
)

// identityTimeout is long enough to generate SSH host keys.
const identityTimeout = 3 * time.Minute

// Identity identifies the VM that a guest belongs to.
type Identity struct{ ID, Hostname string }

// Identified reports what the guest has done since its boot to adopt an Identity. It comes
// from the guest and must not be trusted; texts are short and printable.
type Identified struct {
	Change IdentityChange
	// Renewed lists what was renewed, such as "machine-id"; Notes say what could not be
	// renewed, and why.
	Renewed, Notes []string
}

// IdentityChange says how an Identity differs from the guest's previous Identity.
type IdentityChange string

// Identity changes.
const (
	IdentitySame    IdentityChange = wire.IdentitySame    // no change: nothing was written
	IdentityFirst   IdentityChange = wire.IdentityFirst   // the first identity
	IdentityRenamed IdentityChange = wire.IdentityRenamed // same VM, new name
	IdentityCopied  IdentityChange = wire.IdentityCopied  // another VM: the guest's disk is a copy
)

// Identify sets the guest's identity. A guest with the identity of another VM renews its
// machine ID, hostname and SSH host keys, and completes this even if ctx is canceled.
// Identify returns ErrUnsupported if the agent is too old.
func (c *Client) Identify(ctx context.Context, who Identity) (Identified, error) {
	id := wire.Identity(who)
	if err := id.Check(); err != nil {
		return Identified{}, fmt.Errorf("%s: %w", wire.OpIdentity, err)
	}
	answer, err := c.request(ctx, identityTimeout, wire.RequestBody{Op: wire.OpIdentity, Identity: &id})
	if err != nil {
		return Identified{}, err
	}
	got, err := parseIdentified(answer.Identified)
	if err != nil {
		return Identified{}, fmt.Errorf("%s: %w", wire.OpIdentity, err)
	}
	return got, nil
}

func parseIdentified(w *wire.Identified) (Identified, error) {
	if w == nil || !slices.Contains([]IdentityChange{IdentitySame, IdentityFirst, IdentityRenamed, IdentityCopied}, IdentityChange(w.Change)) {
		return Identified{}, fmt.Errorf("%w: invalid identity change", ErrBadAnswer)
	}
	return Identified{
		Change:  IdentityChange(w.Change),
		Renewed: printableList(w.Renewed, 40),
		Notes:   printableList(w.Notes, 300),
	}, nil
}

// printableList returns at most 8 texts of at most limit characters.
func printableList(texts []string, limit int) []string {
	var list []string
	for _, text := range texts[:min(len(texts), 8)] {
		list = append(list, printable(text, limit))
	}
	return list
}

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

// IdentityResult reports what the guest has done since its boot to adopt an Identity. It comes
// from the guest and must not be trusted; texts are short and printable.
type IdentityResult struct {
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
func (c *Client) Identify(ctx context.Context, who Identity) (IdentityResult, error) {
	id := wire.Identity(who)
	if err := id.Check(); err != nil {
		return IdentityResult{}, fmt.Errorf("%s: %w", wire.OpIdentity, err)
	}
	answer, err := c.request(ctx, identityTimeout, wire.RequestBody{Op: wire.OpIdentity, Identity: &id})
	if err != nil {
		return IdentityResult{}, err
	}
	got, err := parseIdentityResult(answer.IdentityResult)
	if err != nil {
		return IdentityResult{}, fmt.Errorf("%s: %w", wire.OpIdentity, err)
	}
	return got, nil
}

func parseIdentityResult(w *wire.IdentityResult) (IdentityResult, error) {
	if w == nil || !slices.Contains([]IdentityChange{IdentitySame, IdentityFirst, IdentityRenamed, IdentityCopied}, IdentityChange(w.Change)) {
		return IdentityResult{}, fmt.Errorf("%w: invalid identity change", ErrBadAnswer)
	}
	return IdentityResult{
		Change:  IdentityChange(w.Change),
		Renewed: printableList(w.Renewed, 40),
		Notes:   printableList(w.Notes, 300),
	}, nil
}

// printableList returns at most 8 texts of at most limit characters.
func printableList(texts []string, limit int) []string {
	var list []string
	for _, text := range texts[:min(len(texts), 8)] {
		list = append(list, toPrintable(text, limit))
	}
	return list
}

package agent

import (
	"context"
	"fmt"
	"slices"
	"time"

	"vmterminal/vm/agent/wire"
)

// identityLimit is long because making SSH host keys can be.
const identityLimit = 3 * time.Minute

// Identity is which VM the guest belongs to.
type Identity struct{ ID, Hostname string }

// Identified is what the guest did, since it booted, to take on an Identity. It
// is the guest's word, bounded and printable, no more.
type Identified struct {
	Found Found
	// Renewed names what is new, such as "machine-id"; Notes say what could not
	// be renewed, and why.
	Renewed, Notes []string
}

// Found is what a guest found its Identity to be.
type Found string

// What an Identity can be to a guest.
const (
	Same    Found = wire.IdentitySame    // the one that it has: nothing was written
	First   Found = wire.IdentityFirst   // the first that it was told
	Renamed Found = wire.IdentityRenamed // the same VM under another name
	Copied  Found = wire.IdentityCopied  // another VM's: the guest's disk is a copy
)

// Identify tells the guest which VM it is. A guest that was another VM before
// makes a machine id, hostname and SSH host keys of its own; until it has, it
// works under those of the other. The guest finishes what it has begun also
// when ctx ends. ErrUnsupported means an agent of before this operation.
func (c *Client) Identify(ctx context.Context, who Identity) (Identified, error) {
	ask := wire.Identity(who)
	if err := ask.Check(); err != nil {
		return Identified{}, fmt.Errorf("%s: %w", wire.OpIdentity, err)
	}
	answer, err := c.request(ctx, identityLimit, wire.Ask{Op: wire.OpIdentity, Identity: &ask})
	if err != nil {
		return Identified{}, err
	}
	got, err := checkIdentified(answer.Identified)
	if err != nil {
		return Identified{}, fmt.Errorf("%s: %w", wire.OpIdentity, err)
	}
	return got, nil
}

func checkIdentified(w *wire.Identified) (Identified, error) {
	if w == nil || !slices.Contains([]Found{Same, First, Renamed, Copied}, Found(w.Found)) {
		return Identified{}, fmt.Errorf("%w: not what it did with its identity", ErrBadAnswer)
	}
	return Identified{
		Found:   Found(w.Found),
		Renewed: printables(w.Renewed, 40),
		Notes:   printables(w.Notes, 300),
	}, nil
}

// printables returns at most 8 texts of at most limit characters.
func printables(texts []string, limit int) []string {
	var list []string
	for _, text := range texts[:min(len(texts), 8)] {
		list = append(list, printable(text, limit))
	}
	return list
}

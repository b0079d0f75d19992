package app

import (
	"context"
	"errors"
	"os"
	"strings"
)

// CheckState is what Doctor makes of what it found.
type CheckState string

// The states of a check.
const (
	// CheckOK is as it should be.
	CheckOK CheckState = "ok"
	// CheckNote works, but something is lost by it, or could be better.
	CheckNote CheckState = "note"
	// CheckMissing keeps VMs from being made or run.
	CheckMissing CheckState = "missing"
)

// Check is one thing that Doctor looked at. All is one line each.
type Check struct {
	// Name is what was looked at, in a word or two.
	Name  string
	State CheckState
	// Found is what it is like.
	Found string
	// Mend is what to do about it, a command wherever one does it; "" if there is
	// nothing to do.
	Mend string
}

// Doctor looks at what VMs need of this host, and at the store. It changes
// nothing but what Probe remembers and what every look at the list of VMs mends.
func (s *Service) Doctor(ctx context.Context) []Check {
	all := []Check{s.checkQEMU(), s.checkAccelerator(ctx), s.checkGuest(), checkDebian(), s.checkFirmware(), s.checkStore(), s.checkSockets()}
	all = append(all, s.checkSpace()...)
	all = append(all, s.checkConfig())
	all = append(all, s.checkVMs(ctx)...)
	all = append(all, s.checkLeft()...)
	if s.opt.Window {
		all = append(all, checkDisplay(os.Getenv))
	}
	for i, c := range all {
		all[i].Found, all[i].Mend = Plain(c.Found), Plain(c.Mend)
	}
	return all
}

// Missing is an error that names what of the checks is missing; nil if nothing is.
func Missing(checks []Check) error {
	var names []string
	for _, c := range checks {
		if c.State == CheckMissing {
			names = append(names, c.Name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	return &Failure{Doing: phrase("find all that VMs need"), Err: errors.New("see " + strings.Join(names, ", "))}
}

// quoted is a path, or any word, as a shell takes it.
func quoted(path string) string {
	if !strings.ContainsFunc(path, func(r rune) bool {
		return !strings.ContainsRune("/._-+:@", r) && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	}) {
		return path
	}
	return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
}

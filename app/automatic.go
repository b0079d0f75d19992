package app

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"time"

	"vmterminal/app/ondisk"
	"vmterminal/vm"
)

// Automatic is how often a snapshot of a running VM is taken without anyone
// asking for it, and how many of these are kept. The zero value is never.
type Automatic struct {
	Every time.Duration
	// Keep is how many; 0 in SetAutomatic means as many as before, or
	// DefaultAutomaticKeep.
	Keep int
}

// On tells whether snapshots are taken automatically.
func (a Automatic) On() bool { return a.Every != 0 }

// Limits of automatic snapshots.
const (
	MinAutomaticEvery    = vm.MinEvery
	MaxAutomaticEvery    = vm.MaxEvery
	MaxAutomaticKeep     = vm.MaxKeep
	DefaultAutomaticKeep = vm.DefaultKeep
)

// AutomaticState is the setting of a VM, and how it fares.
type AutomaticState struct {
	Automatic
	// Next is when the next one is due, zero when the VM does not run.
	Next time.Time
	// Failure is one line about the newest failure, "" when all has gone well
	// since.
	Failure string
	// Why is the same in its parts; nil when an earlier version told of it.
	Why      *Told
	FailedAt time.Time
}

// SetAutomatic sets when snapshots of a VM are taken automatically; the zero
// value ends that. A running VM needs no new start. The snapshots that there are
// stay as they are until the next one is taken.
func (s *Service) SetAutomatic(ctx context.Context, vmName string, a Automatic) (VM, error) {
	e, err := s.entry(vmName)
	if err == nil {
		err = s.vms.Update(e.Name, func(v *vm.VM) error {
			v.Automatic = a.kept(v.Automatic)
			return nil
		})
	}
	if err != nil {
		return VM{}, failed(err, "Nothing was changed.", "set the automatic snapshots of %s", called(vmName))
	}
	if !a.On() {
		_ = automaticRecord{}.write(s.vms.Dir(e.Name)) // of no account while they are off
	}
	return s.VM(ctx, e.Name)
}

// kept is the setting as it is kept, in the place of what was before.
func (a Automatic) kept(before vm.Automatic) vm.Automatic {
	if !a.On() {
		return vm.Automatic{}
	}
	keep := orDefault(a.Keep, orDefault(before.Keep, DefaultAutomaticKeep))
	return vm.Automatic{EverySeconds: int64(a.Every.Round(time.Second) / time.Second), Keep: keep}
}

// automaticOf is a VM's setting; one that cannot be used is never.
func automaticOf(a vm.Automatic) Automatic {
	if a.Check() != nil {
		return Automatic{}
	}
	return Automatic{Every: a.Every(), Keep: a.Keep}
}

func lookAtAutomatic(set vm.Automatic, dir ondisk.VMDir, state VMState) AutomaticState {
	look := AutomaticState{Automatic: automaticOf(set)}
	if !look.On() {
		return look
	}
	r := readAutomaticRecord(dir)
	look.Failure, look.Why, look.FailedAt = Plain(r.Failure), r.Why.plain(), r.FailedAt
	if state.Alive() {
		look.Next = r.Next
	}
	return look
}

// automaticRecord is automatic.json: what a host process says of its schedule.
// Nothing rests on it.
type automaticRecord struct {
	Next time.Time `json:"next,omitzero"`
	automaticFailure
}

// automaticFailure is the newest failure, or the zero value.
type automaticFailure struct {
	Failure  string    `json:"failure,omitempty"`
	Why      *Told     `json:"why,omitempty"`
	FailedAt time.Time `json:"failed_at,omitzero"`
}

func readAutomaticRecord(dir ondisk.VMDir) automaticRecord {
	var r automaticRecord
	data, err := os.ReadFile(dir.Automatic())
	if err != nil || json.Unmarshal(data, &r) != nil {
		return automaticRecord{}
	}
	return r
}

// write keeps the record; an empty one is no file.
func (r automaticRecord) write(dir ondisk.VMDir) error {
	if r != (automaticRecord{}) {
		return ondisk.ReplaceJSON(dir.Automatic(), r)
	}
	if err := os.Remove(dir.Automatic()); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

package app

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"os"
	"time"

	"vmterminal/app/problem"
	"vmterminal/snapshot/durable"
	"vmterminal/vm"
	"vmterminal/vm/home"
)

// Automatic configures automatic snapshots of a running VM. The zero value disables them.
type Automatic struct {
	Every time.Duration
	// Keep is the number of automatic snapshots to retain. If it is 0, SetAutomatic uses the
	// previous number, or else DefaultAutomaticKeep.
	Keep int
}

// On reports whether automatic snapshots are enabled.
func (a Automatic) On() bool { return a.Every != 0 }

// Limits of automatic snapshots.
const (
	MinAutomaticEvery    = vm.MinInterval
	MaxAutomaticEvery    = vm.MaxInterval
	MaxAutomaticKeep     = vm.MaxKeep
	DefaultAutomaticKeep = vm.DefaultKeep
)

// AutomaticState holds the automatic snapshot settings of a VM and the result of the last
// attempt.
type AutomaticState struct {
	Automatic
	// Next is when the next snapshot is due; zero if the VM is not running.
	Next time.Time
	// Failed reports whether the last attempt failed, at FailedAt.
	Failed   bool
	FailedAt time.Time
	// Problem is the reason for the failure. It is nil if the failure was recorded by an
	// earlier version, which wrote only FailureText, a line in English.
	Problem     *problem.Problem
	FailureText string
}

// SetAutomatic configures automatic snapshots of a VM; the zero value disables them. The change
// takes effect at once, even in a running VM. Old snapshots are deleted only when the next one
// is taken.
func (s *Service) SetAutomatic(ctx context.Context, vmName string, a Automatic) (VM, error) {
	e, err := s.entry(vmName)
	if err == nil && a.On() {
		err = checkKept(e)
	}
	if err == nil {
		err = s.vms.Update(e.Name, func(v *vm.VM) error {
			v.Automatic = a.setting(v.Automatic)
			return nil
		})
	}
	if err != nil {
		return VM{}, wrapFailure(err, problem.Operation{Code: problem.OpAutomaticSet, VM: vmName}, problem.NothingChanged)
	}
	if !a.On() {
		_ = automaticRecord{}.write(s.vms.Dir(e.Name)) // the record is for display only
	}
	return s.VM(ctx, e.Name)
}

// setting returns the setting to store; before is the stored setting.
func (a Automatic) setting(before vm.Automatic) vm.Automatic {
	if !a.On() {
		return vm.Automatic{}
	}
	keep := cmp.Or(a.Keep, before.Keep, DefaultAutomaticKeep)
	return vm.Automatic{IntervalSeconds: int64(a.Every.Round(time.Second) / time.Second), Keep: keep}
}

// automaticFromSetting converts the stored setting of a VM. An invalid setting disables automatic
// snapshots.
func automaticFromSetting(a vm.Automatic) Automatic {
	if a.Check() != nil {
		return Automatic{}
	}
	return Automatic{Every: a.Interval(), Keep: a.Keep}
}

func newAutomaticState(setting vm.Automatic, dir home.VMDir, state VMState) AutomaticState {
	result := AutomaticState{Automatic: automaticFromSetting(setting)}
	if !result.On() {
		return result
	}
	r := readAutomaticRecord(dir)
	result.Failed, result.FailedAt = r.automaticFailure != automaticFailure{}, r.FailedAt
	result.Problem, result.FailureText = plainProblem(r.Problem), Plain(r.Failure)
	if state.Alive() {
		result.Next = r.Next
	}
	return result
}

// automaticRecord is the content of automatic.json: the state of a supervisor's schedule, for
// display only.
type automaticRecord struct {
	Next time.Time `json:"next,omitzero"`
	automaticFailure
}

// automaticFailure is the last failure; it is zero if the last attempt succeeded.
type automaticFailure struct {
	Problem  *problem.Problem `json:"problem,omitempty"`
	FailedAt time.Time        `json:"failed_at,omitzero"`
	// Failure is the text that earlier versions wrote instead of Problem.
	Failure string `json:"failure,omitempty"`
}

func readAutomaticRecord(dir home.VMDir) automaticRecord {
	var r automaticRecord
	data, err := os.ReadFile(dir.Automatic())
	if err != nil || durable.ParseJSON(dir.Automatic(), data, &r) != nil {
		return automaticRecord{}
	}
	return r
}

// write stores the record, or removes the file if the record is empty.
func (r automaticRecord) write(dir home.VMDir) error {
	if r != (automaticRecord{}) {
		return durable.UpdateJSON(dir.Automatic(), r)
	}
	if err := os.Remove(dir.Automatic()); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

package app

import (
	"errors"
	"slices"
	"testing"

	"vmterminal/app/problem"
	"vmterminal/snapshot"
	"vmterminal/snapshot/durable"
)

// The activity of a VM's lock does not name the VM, but an error does.
func TestEditActivity(t *testing.T) {
	s := serviceWithDisk(t, []byte("disk"))
	var holder durable.Holder
	op := problem.Operation{Code: problem.OpSnapshotPin, Snapshot: "a of b"}
	err := s.editSnapshots(t.Context(), "dev", op, func(*snapshot.Store) error {
		_, holder = durable.IsLocked(s.vms.Dir("dev").JobLock())
		return errors.New("no")
	})
	if want := (durable.Activity{Code: "snapshot_pin", Name: "a of b"}); holder.Activity != want {
		t.Errorf("activity of the lock: got %v, want %v", holder.Activity, want)
	}
	if got, want := Explain(err).String(), "snapshot_pin vm=dev snapshot=a of b: unknown: no (nothing_changed)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestExplainStates(t *testing.T) {
	want := []problem.State{{Code: problem.DiskUnchanged}, {Code: problem.VMOff, Detail: "50% of %s?"}}
	p := Explain(&Failure{Disk: []problem.State{want[0], {Code: problem.VMOff, Detail: "50% of %s\n"}}, Err: errors.New("no")})
	if !slices.Equal(p.Disk, want) {
		t.Errorf("got %+v, want %+v", p.Disk, want)
	}
	if p := Explain(wrapFailure(errors.New("no"), problem.Operation{Code: problem.OpVMList})); len(p.Disk) != 0 {
		t.Errorf("got %+v, want no state", p.Disk)
	}
}

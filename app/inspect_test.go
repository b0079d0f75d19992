package app

import (
	"errors"
	"fmt"
	"testing"

	"vmterminal/vm/supervisor/client"
)

// The reason for a pause is reported only while the VM is paused, and is safe to display.
func TestPauseReason(t *testing.T) {
	full := PauseReason{Code: PauseDiskFull}
	for _, c := range []struct {
		state        client.Phase
		reason, want PauseReason
	}{
		{client.Paused, full, full},
		{client.Paused, PauseReason{Code: "tired\x1b[2J"}, PauseReason{Code: "tired?[2J"}},
		{client.Paused, PauseReason{}, PauseReason{}},
		{client.Running, full, PauseReason{}},
	} {
		h := newFakeSupervisor()
		h.state.State, h.state.PauseReason = c.state, c.reason
		v, err := serviceWithSupervisor(t, h).VM(t.Context(), "dev")
		if err != nil || v.State != VMState(c.state) || v.PauseReason != c.want {
			t.Errorf("state %s, reason %+v: got state %s, reason %+v, error %v, want reason %+v", c.state, c.reason, v.State, v.PauseReason, err, c.want)
		}
	}
}

func TestUnreachableCode(t *testing.T) {
	for _, c := range []struct {
		err  error
		want UnreachableCode
	}{
		{fmt.Errorf("%w: no permission", client.ErrOtherUser), UnreachableOtherUser},
		{&client.Orphan{QEMUPID: 7}, UnreachableNoSupervisor},
		{fmt.Errorf("%w: timeout", client.ErrNotAnswering), UnreachableSilent},
		{errors.New("anything else"), UnreachableSilent},
	} {
		if got := unreachableCode(c.err); got != c.want {
			t.Errorf("%v: got %q, want %q", c.err, got, c.want)
		}
	}
}

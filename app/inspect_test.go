package app

import (
	"testing"

	"vmterminal/vm/host"
)

// TestWhyAVMStandsStill is said where something else than a person held it.
func TestWhyAVMStandsStill(t *testing.T) {
	const full = "the host's disk is full; free some space, then resume"
	for _, c := range []struct {
		state  host.Phase
		reason string
		want   string
	}{
		{host.Paused, full, full},
		{host.Paused, "", ""},
		{host.Running, "", ""},
	} {
		h := runningHost()
		h.state.State, h.state.Reason = c.state, c.reason
		v, err := oneVM(t, h).VM(t.Context(), "dev")
		if err != nil || v.State != VMState(c.state) || v.Problem != c.want {
			t.Errorf("%s, %q: %s, %q, %v", c.state, c.reason, v.State, v.Problem, err)
		}
	}
}

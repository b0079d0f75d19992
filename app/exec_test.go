package app

import (
	"testing"
	"testing/synctest"
	"time"

	"vmterminal/vm/supervisor/client"
)

func TestAgentTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ago := func(d time.Duration) time.Time { return time.Now().Add(-d) }
		for name, test := range map[string]struct {
			since, lost time.Time
			want        time.Duration
		}{
			"boots":              {ago(time.Minute), time.Time{}, 4 * time.Minute},
			"without an agent":   {ago(time.Hour), time.Time{}, time.Minute},
			"may be rebooting":   {ago(time.Minute), ago(10 * time.Second), 50 * time.Second},
			"halted a while ago": {ago(3 * time.Minute), ago(2 * time.Minute), 2 * time.Second},
		} {
			if got := agentTimeout(client.State{Since: test.since, AgentLost: test.lost}); got != test.want {
				t.Errorf("%s: got %v, want %v", name, got, test.want)
			}
		}
	})
}

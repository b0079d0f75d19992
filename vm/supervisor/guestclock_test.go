package supervisor

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestClockIsSetAtHelloAndResume(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeAgent()
		l, events := newFakeLink(t, f)
		l.setClock(t.Context()) // no agent yet
		f.startAnswering()
		if s := (<-events).State; !s.Agent {
			t.Fatalf("state %+v, want Agent", s)
		}
		for name, set := range map[string]func(){
			"hello":  func() {},
			"resume": func() { l.setClock(t.Context()) },
		} {
			set()
			select {
			case at := <-f.clock:
				if since := time.Since(at); since < 0 || since > time.Minute {
					t.Errorf("%s: the clock was set to %v, want the current time", name, at)
				}
			case <-time.After(30 * time.Second):
				t.Errorf("%s: the clock was not set", name)
			}
		}
	})
}

func TestHasJumped(t *testing.T) {
	for _, test := range []struct {
		wall, monotonic time.Duration
		want            bool
	}{
		{hostClockInterval, hostClockInterval, false},
		{hostClockInterval + time.Millisecond, hostClockInterval, false}, // adjusted by NTP
		{8 * time.Hour, hostClockInterval, true},                         // suspended
		{-time.Hour, hostClockInterval, true},                            // set back
	} {
		if got := hasJumped(test.wall, test.monotonic); got != test.want {
			t.Errorf("hasJumped(%v, %v) = %v, want the opposite", test.wall, test.monotonic, got)
		}
	}
}

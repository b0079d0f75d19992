//go:build linux

package main

import (
	"math"
	"testing"
	"time"

	"vmterminal/vm/agent/wire"
)

func TestClockStep(t *testing.T) {
	now := time.Now()
	for host, want := range map[time.Time]time.Duration{
		now:                                         0,
		now.Add(wire.MinClockStep / 2):              0,
		now.Add(-wire.MinClockStep / 2):             0,
		now.Add(time.Hour):                          time.Hour,
		now.Add(-30 * 24 * time.Hour):               -30 * 24 * time.Hour,
		now.Add(wire.MinClockStep):                  wire.MinClockStep,
		time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC): time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC).Sub(now.Round(0)),
	} {
		if got, err := clockStep(now, host.UnixNano()); err != nil || got != want {
			t.Errorf("clockStep(%v) = %v, %v; want %v", host, got, err, want)
		}
	}
	for _, host := range []int64{0, -1, 1, math.MaxInt64, wire.MinClock.UnixNano() - 1, wire.MaxClock.UnixNano() + 1} {
		if _, err := clockStep(now, host); err == nil {
			t.Errorf("host time %d was accepted", host)
		}
	}
}

//go:build linux

package main

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"vmterminal/vm/agent/wire"
)

// clockStep returns the difference between now and the host's time, or 0 if it is
// negligible. It returns an error if the host's time is implausible.
func clockStep(now time.Time, host int64) (time.Duration, error) {
	if host < wire.MinClock.UnixNano() || host > wire.MaxClock.UnixNano() {
		return 0, &wire.Error{Code: wire.CodeFailed, Text: fmt.Sprintf("invalid time: %d nanoseconds since 1970", host)}
	}
	step := time.Unix(0, host).Sub(now.Round(0)) // without the monotonic clock
	if step.Abs() < wire.MinClockStep {
		return 0, nil
	}
	return step, nil
}

// setClock sets the guest's clock to the host's time.
func setClock(host int64) (moved time.Duration, err error) {
	step, err := clockStep(time.Now(), host)
	if err != nil || step == 0 {
		return 0, err
	}
	to := unix.NsecToTimespec(time.Now().Add(step).UnixNano())
	if err := unix.ClockSettime(unix.CLOCK_REALTIME, &to); err != nil {
		return 0, fmt.Errorf("set the clock: %w", err)
	}
	return step, nil
}

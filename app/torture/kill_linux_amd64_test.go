package torture

import (
	"fmt"
	"time"

	"vmterminal/app/torture/calls"
)

// killAtCall kills the trial's command at its n-th call. It returns false if the command exited
// first.
func (b *bench) killAtCall(n int) (bool, error) {
	if err := b.resetStore(); err != nil {
		return false, err
	}
	var at calls.Call
	e, err := b.runTraced(func(now int, c calls.Call) calls.Decision {
		if now == n {
			at = c
		}
		return calls.Decision{Kill: now == n}
	})
	if err != nil {
		return false, fmt.Errorf("killed at call %d, %v: %w", n, at, err)
	}
	return b.checkAfterKill(e, fmt.Sprintf("killed at call %d, %v", n, at))
}

// killAfter kills the command after a delay, while all its threads run freely.
func (b *bench) killAfter(d time.Duration) (bool, error) {
	if err := b.resetStore(); err != nil {
		return false, err
	}
	began := time.Now()
	e, err := b.runCommand(d)
	if err != nil {
		return false, err
	}
	if !e.killed {
		b.duration = time.Since(began) // may have been measured while the machine was busier
	}
	return b.checkAfterKill(e, fmt.Sprintf("killed after %v", d))
}

// checkAfterKill checks the store after a kill. It returns false if the command exited first.
func (b *bench) checkAfterKill(e commandResult, when string) (bool, error) {
	if !e.killed && e.exit != 0 {
		return false, fmt.Errorf("not killed, but exit code %d: %s", e.exit, e.err)
	}
	if !e.killed {
		return false, nil
	}
	if wrong := b.checkStore(e.out != ""); wrong != "" {
		return true, fmt.Errorf("%s:\n  %s", when, wrong)
	}
	return true, nil
}

// killRepeatedly kills the command at its system calls, and then at random moments while fewer
// than most kills have hit a live process. It returns how many have.
func (b *bench) killRepeatedly(most int, report func(string)) (kills int) {
	count := func(hit bool, err error) {
		if err != nil {
			report(err.Error())
		}
		if hit {
			kills++
		}
	}
	for _, n := range b.sampleCalls(b.calls, 6) {
		count(b.killAtCall(n))
	}
	for tries := 0; kills < most && tries < 10*most; tries++ {
		count(b.killAfter(time.Duration(b.rng.Int64N(int64(b.duration) * 5 / 4))))
	}
	return kills
}

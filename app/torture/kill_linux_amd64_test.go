package torture

import (
	"fmt"
	"time"

	"vmterminal/app/torture/calls"
)

// killedAt kills the trial's command at its n-th call. It is false if the command
// came to its end before.
func (b *bench) killedAt(n int) (bool, error) {
	if err := b.again(); err != nil {
		return false, err
	}
	var at calls.Call
	e, err := b.doDeciding(func(now int, c calls.Call) calls.Decision {
		if now == n {
			at = c
		}
		return calls.Decision{Kill: now == n}
	})
	if err != nil {
		return false, fmt.Errorf("killed at call %d, %v: %w", n, at, err)
	}
	return b.killed(e, fmt.Sprintf("killed at call %d, %v", n, at))
}

// killedAfter kills the command at a moment, while all its threads run freely.
func (b *bench) killedAfter(d time.Duration) (bool, error) {
	if err := b.again(); err != nil {
		return false, err
	}
	e, err := b.do(d)
	if err != nil {
		return false, err
	}
	return b.killed(e, fmt.Sprintf("killed after %v", d))
}

// killed judges what a kill has left.
func (b *bench) killed(e ending, when string) (bool, error) {
	if !e.killed && e.exit != 0 {
		return false, fmt.Errorf("not killed, but exit code %d: %s", e.exit, e.err)
	}
	if !e.killed {
		return false, nil
	}
	if wrong := b.judge(e.out != ""); wrong != "" {
		return true, fmt.Errorf("%s:\n  %s", when, wrong)
	}
	return true, nil
}

// kill kills the command at its system calls, and then at random moments until so
// many kills have hit a live process. It returns how many have.
func (b *bench) kill(most int, report func(string)) (kills int) {
	count := func(hit bool, err error) {
		if err != nil {
			report(err.Error())
		}
		if hit {
			kills++
		}
	}
	for _, n := range b.sample(b.calls, 6) {
		count(b.killedAt(n))
	}
	for tries := 0; kills < most && tries < 10*most; tries++ {
		count(b.killedAfter(time.Duration(b.rng.Int64N(int64(b.took) * 5 / 4))))
	}
	return kills
}

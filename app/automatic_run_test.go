package app

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"vmterminal/app/ondisk"
	"vmterminal/snapshot"
)

const half = 30 * time.Minute

var everyHalf = Automatic{Every: half, Keep: 3}

func TestScheduleCountsFromTheNewest(t *testing.T) {
	for name, c := range map[string]struct {
		newest time.Duration
		want   []time.Duration
	}{
		"none yet":                               {0, []time.Duration{half, 2 * half, 3 * half}},
		"ten minutes ago":                        {10 * time.Minute, []time.Duration{20 * time.Minute, 50 * time.Minute, 80 * time.Minute}},
		"overdue, and the guest is left to boot": {50 * time.Hour, []time.Duration{rest, rest + half, rest + 2*half}},
		"from the future":                        {-time.Hour, []time.Duration{half, 2 * half, 3 * half}},
	} {
		bubble(t, name, func(t *testing.T) {
			v := begin(t, everyHalf, c.newest)
			v.until(90*time.Minute + time.Second)
			v.expect("in an hour and a half", c.want...)
			if want := v.now().Truncate(time.Minute); v.record.Next.Before(want) || v.record.Next.After(want.Add(half)) || v.record.Failure != "" {
				t.Errorf("%+v", v.record)
			}
		})
	}
}

// A computer that slept, or whose clock was set, makes neither a burst nor a gap.
func TestClockJumps(t *testing.T) {
	bubble(t, "forth", func(t *testing.T) {
		v := begin(t, everyHalf, 0)
		v.until(10*time.Minute + time.Second)
		v.change(func() { v.jump = 100 * time.Hour })
		v.until(40*time.Minute + time.Second)
		v.expect("after the jump", 10*time.Minute+lookAgain)
		v.until(41 * time.Minute)
		v.expect("and then", 40*time.Minute+lookAgain)
	})
	bubble(t, "back", func(t *testing.T) {
		v := begin(t, everyHalf, 0)
		v.until(10*time.Minute + time.Second)
		v.change(func() { v.jump = -100 * time.Hour })
		v.until(75 * time.Minute)
		v.expect("after the jump", 10*time.Minute+lookAgain+half, 10*time.Minute+lookAgain+2*half)
	})
	bubble(t, "back, while the guest is left alone", func(t *testing.T) {
		v := begin(t, everyHalf, 0)
		v.until(20 * time.Second)
		v.change(func() { v.jump = -100 * time.Hour })
		v.until(20 * time.Minute)
		v.change(func() { v.set.Every = 5 * time.Minute })
		v.changed <- struct{}{}
		v.until(20*time.Minute + time.Second)
		v.expect("more often: long due", 20*time.Minute)
	})
	bubble(t, "back, while the VM is busy", func(t *testing.T) {
		v := begin(t, everyHalf, 0)
		v.change(func() { v.result = func() error { return &ondisk.Busy{} } })
		v.until(half + time.Minute)
		v.change(func() { v.jump = -100 * time.Hour })
		v.until(half + 2*time.Minute + busyLimit)
		if v.record.Failure == "" {
			t.Error("it is tried again without end, and nobody is told")
		}
	})
	bubble(t, "to and fro", func(t *testing.T) {
		v := begin(t, everyHalf, 0)
		taken := 0
		for minute := range 61 {
			v.until(time.Duration(minute) * time.Minute)
			taken += len(v.taken)
			v.change(func() { v.jump = time.Duration(minute%2) * 20 * time.Hour })
		}
		if taken < 1 || taken > 30 { // one for each jump forth at most
			t.Errorf("%d snapshots while the clock jumped", taken)
		}
		v.until(60*time.Minute + 2*half)
		if n := len(v.taken); n < 1 || n > 2 {
			t.Errorf("%d snapshots in an hour after that", n)
		}
	})
}

func TestSettingsChangeWhileItRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := begin(t, Automatic{}, 0)
		v.until(2 * time.Hour)
		v.expect("off")
		if v.record != (automaticRecord{}) {
			t.Errorf("off, but %+v", v.record)
		}
		v.change(func() { v.set = Automatic{Every: 3 * time.Hour, Keep: 1} })
		v.changed <- struct{}{}
		v.until(3*time.Hour + time.Second)
		v.expect("on: from the start", 3*time.Hour)
		v.until(3*time.Hour + 10*time.Minute)
		v.change(func() { v.set.Every = 20 * time.Minute })
		v.changed <- struct{}{}
		v.until(3*time.Hour + 21*time.Minute)
		v.expect("more often: from the newest", 3*time.Hour+20*time.Minute)
		v.change(func() { v.set.Every = 5 * time.Minute }) // nobody tells
		v.until(3*time.Hour + 26*time.Minute)
		v.expect("seen at the next look", 3*time.Hour+25*time.Minute)
		v.change(func() { v.set.Every, v.setErr = 0, errors.New("cannot be read") })
		v.until(3*time.Hour + 31*time.Minute)
		v.expect("settings that cannot be read", 3*time.Hour+30*time.Minute)
		v.change(func() { v.setErr = nil })
		v.until(5 * time.Hour)
		v.expect("off again")
		if v.record != (automaticRecord{}) {
			t.Errorf("off again, but %+v", v.record)
		}
	})
}

func TestBusyVM(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := begin(t, everyHalf, 0)
		free := 33 * time.Minute
		v.change(func() {
			v.result = func() error {
				if time.Since(v.start) < free {
					return failed(notHeld("dev", &ondisk.Busy{Holder: ondisk.Holder{PID: 7, Doing: "exporting"}}), unchanged, "take it")
				}
				return nil
			}
		})
		v.until(50 * time.Minute)
		v.expect("busy for three minutes", free)
		if v.tried != 7 || len(v.lines) != 0 || v.record.Failure != "" {
			t.Errorf("%d tries, %q, %+v", v.tried, v.lines, v.record)
		}
		v.change(func() { free = 100 * time.Minute })
		v.until(79 * time.Minute)
		v.expect("busy for long")
		if len(v.lines) != 1 || !strings.Contains(v.lines[0], "One was left out.") || !strings.Contains(v.lines[0], "process 7 is exporting") || v.record.Failure != v.lines[0] {
			t.Errorf("%q, %+v", v.lines, v.record)
		}
		v.until(110 * time.Minute)
		v.expect("free again", free+8*time.Minute)
		if v.record.Failure != "" || !v.record.FailedAt.IsZero() {
			t.Errorf("%+v", v.record)
		}
	})
}

func TestFailureIsShownUntilOneGoesWell(t *testing.T) {
	for every, again := range map[time.Duration]time.Duration{day: failAgain, 10 * time.Minute: 10 * time.Minute} {
		for name, well := range map[string]error{"taken": nil, "unchanged": fmt.Errorf("x: %w", snapshot.ErrUnchanged)} {
			bubble(t, name, func(t *testing.T) {
				v := begin(t, Automatic{Every: every, Keep: 1}, 0)
				v.change(func() { v.result = func() error { return snapshot.ErrNoSpace } })
				v.until(every + leaving + time.Second)
				if len(v.lines) != 1 || v.record.Failure != v.lines[0] || !strings.Contains(v.lines[0], "not enough free space") ||
					!v.record.FailedAt.Equal(v.now().Add(-time.Second)) || !v.record.Next.Equal(v.record.FailedAt.Add(again)) {
					t.Fatalf("%q, %+v", v.lines, v.record)
				}
				v.change(func() { v.result = func() error { return well } })
				v.until(every + leaving + again + time.Second)
				if v.record.Failure != "" || v.tried != 2 {
					t.Errorf("%d tries, %+v", v.tried, v.record)
				}
			})
		}
	}
}

func TestNothingChangedWaitsForAnInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := begin(t, everyHalf, 0)
		v.change(func() { v.result = func() error { return snapshot.ErrUnchanged } })
		v.until(5*half + time.Minute)
		v.expect("nothing changed")
		if v.tried != 5 || len(v.lines) != 0 {
			t.Errorf("%d tries, %q", v.tried, v.lines)
		}
	})
}

// What breaks because the VM leaves is no failure, though it comes first.
func TestEndOfTheVMIsNoFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := begin(t, everyHalf, 0)
		v.change(func() {
			v.result = func() error {
				time.AfterFunc(time.Second, v.end)
				return errors.New("connection reset")
			}
		})
		v.until(half + time.Minute)
		if v.tried != 1 || len(v.lines) != 0 || v.record.Failure != "" {
			t.Errorf("%d tries, %q, %+v", v.tried, v.lines, v.record)
		}
	})
}

// A disk that is too slow for the interval still has a rest between.
func TestSlowSnapshots(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := begin(t, Automatic{Every: time.Minute, Keep: 1}, 0)
		v.change(func() { v.result = func() error { time.Sleep(10 * time.Minute); return nil } })
		v.until(34 * time.Minute)
		v.expect("ten minutes each", 11*time.Minute, 22*time.Minute, 33*time.Minute)
	})
}

func TestFailureToPrune(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := begin(t, everyHalf, 0)
		v.change(func() { v.prune = func() error { return &ondisk.Busy{} } })
		v.until(half + time.Minute)
		v.expect("busy then", half)
		if len(v.lines) != 1 || v.record.Failure != "" {
			t.Errorf("busy: %q, %+v", v.lines, v.record)
		}
		v.change(func() { v.prune = func() error { return errors.New("read-only") } })
		v.until(2*half + time.Minute)
		v.expect("read-only then", 2*half)
		if len(v.lines) != 2 || !strings.Contains(v.record.Failure, "older ones were not deleted") {
			t.Errorf("%q, %+v", v.lines, v.record)
		}
	})
}

// The record of a failure may find no room, which is most likely when it is of a
// full disk.
func TestRecordIsKeptWhenThereIsRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := begin(t, everyHalf, 0)
		v.change(func() { v.full, v.result = true, func() error { return snapshot.ErrNoSpace } })
		v.until(half + time.Minute)
		v.change(func() { v.full = false })
		v.until(half + 2*time.Minute)
		if v.record.Failure == "" {
			t.Error("the failure was forgotten")
		}
	})
}

package app

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"vmterminal/app/problem"
	"vmterminal/app/schedule"
	"vmterminal/snapshot"
	"vmterminal/snapshot/durable"
)

const halfHour = 30 * time.Minute

var everyHalfHour = Automatic{Every: halfHour, Keep: 3}

func TestScheduleStartsAtNewestSnapshot(t *testing.T) {
	for name, c := range map[string]struct {
		newest time.Duration
		want   []time.Duration
	}{
		"none yet":        {0, []time.Duration{halfHour, 2 * halfHour, 3 * halfHour}},
		"ten minutes ago": {10 * time.Minute, []time.Duration{20 * time.Minute, 50 * time.Minute, 80 * time.Minute}},
		"overdue: not before the guest has booted": {50 * time.Hour, []time.Duration{schedule.MinPauseAfterSnapshot, schedule.MinPauseAfterSnapshot + halfHour, schedule.MinPauseAfterSnapshot + 2*halfHour}},
		"from the future":                          {-time.Hour, []time.Duration{halfHour, 2 * halfHour, 3 * halfHour}},
	} {
		runSynctest(t, name, func(t *testing.T) {
			v := startFakeVM(t, everyHalfHour, c.newest)
			v.runUntil(90*time.Minute + time.Second)
			v.expectTaken("in an hour and a half", c.want...)
			if want := v.now().Truncate(time.Minute); v.record.Next.Before(want) || v.record.Next.After(want.Add(halfHour)) || v.record.Problem != nil {
				t.Errorf("got record %+v, want the next snapshot due within %v and no problem", v.record, halfHour)
			}
		})
	}
}

// After the computer was suspended or its clock was set, snapshots neither pile up nor stop.
func TestScheduleAfterClockChange(t *testing.T) {
	runSynctest(t, "forward", func(t *testing.T) {
		v := startFakeVM(t, everyHalfHour, 0)
		v.runUntil(10*time.Minute + time.Second)
		v.mutate(func() { v.jump = 100 * time.Hour })
		v.runUntil(40*time.Minute + time.Second)
		v.expectTaken("after the jump", 10*time.Minute+schedule.ClockCheckInterval)
		v.runUntil(41 * time.Minute)
		v.expectTaken("at the next interval", 40*time.Minute+schedule.ClockCheckInterval)
	})
	runSynctest(t, "back", func(t *testing.T) {
		v := startFakeVM(t, everyHalfHour, 0)
		v.runUntil(10*time.Minute + time.Second)
		v.mutate(func() { v.jump = -100 * time.Hour })
		v.runUntil(75 * time.Minute)
		v.expectTaken("after the jump", 10*time.Minute+schedule.ClockCheckInterval+halfHour, 10*time.Minute+schedule.ClockCheckInterval+2*halfHour)
	})
	runSynctest(t, "back, before the first snapshot may be taken", func(t *testing.T) {
		v := startFakeVM(t, everyHalfHour, 0)
		v.runUntil(20 * time.Second)
		v.mutate(func() { v.jump = -100 * time.Hour })
		v.runUntil(20 * time.Minute)
		v.mutate(func() { v.set.Every = 5 * time.Minute })
		v.changed <- struct{}{}
		v.runUntil(20*time.Minute + time.Second)
		v.expectTaken("shorter interval: overdue", 20*time.Minute)
	})
	runSynctest(t, "back, while the VM is busy", func(t *testing.T) {
		v := startFakeVM(t, everyHalfHour, 0)
		v.mutate(func() { v.result = func() error { return &durable.Busy{} } })
		v.runUntil(halfHour + time.Minute)
		v.mutate(func() { v.jump = -100 * time.Hour })
		v.runUntil(halfHour + 2*time.Minute + schedule.BusyRetryLimit)
		if v.record.Problem == nil {
			t.Error("got no recorded problem, want one after retrying for schedule.BusyRetryLimit")
		}
	})
	runSynctest(t, "back and forth", func(t *testing.T) {
		v := startFakeVM(t, everyHalfHour, 0)
		taken := 0
		for minute := range 61 {
			v.runUntil(time.Duration(minute) * time.Minute)
			taken += len(v.taken)
			v.mutate(func() { v.jump = time.Duration(minute%2) * 20 * time.Hour })
		}
		if taken < 1 || taken > 30 { // at most one for each jump forward
			t.Errorf("got %d snapshots while the clock jumped, want 1 to 30", taken)
		}
		v.runUntil(60*time.Minute + 2*halfHour)
		if n := len(v.taken); n < 1 || n > 2 {
			t.Errorf("got %d snapshots in an hour after the jumps, want 1 or 2", n)
		}
	})
}

func TestScheduleAfterSettingsChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := startFakeVM(t, Automatic{}, 0)
		v.runUntil(2 * time.Hour)
		v.expectTaken("off")
		if v.record != (automaticRecord{}) {
			t.Errorf("off: got record %+v, want none", v.record)
		}
		v.mutate(func() { v.set = Automatic{Every: 3 * time.Hour, Keep: 1} })
		v.changed <- struct{}{}
		v.runUntil(3*time.Hour + time.Second)
		v.expectTaken("on: from the VM's start", 3*time.Hour)
		v.runUntil(3*time.Hour + 10*time.Minute)
		v.mutate(func() { v.set.Every = 20 * time.Minute })
		v.changed <- struct{}{}
		v.runUntil(3*time.Hour + 21*time.Minute)
		v.expectTaken("shorter interval: from the newest snapshot", 3*time.Hour+20*time.Minute)
		v.mutate(func() { v.set.Every = 5 * time.Minute }) // without a notification
		v.runUntil(3*time.Hour + 26*time.Minute)
		v.expectTaken("noticed at the next step", 3*time.Hour+25*time.Minute)
		v.mutate(func() { v.set.Every, v.setErr = 0, errors.New("cannot be read") })
		v.runUntil(3*time.Hour + 31*time.Minute)
		v.expectTaken("settings that cannot be read", 3*time.Hour+30*time.Minute)
		v.mutate(func() { v.setErr = nil })
		v.runUntil(5 * time.Hour)
		v.expectTaken("off again")
		if v.record != (automaticRecord{}) {
			t.Errorf("off again: got record %+v, want none", v.record)
		}
	})
}

func TestScheduleRetriesBusyVM(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := startFakeVM(t, everyHalfHour, 0)
		free := 33 * time.Minute
		v.mutate(func() {
			v.result = func() error {
				if time.Since(v.start) < free {
					return wrapFailure(wrapBusy("dev", &durable.Busy{Holder: durable.Holder{PID: 7, Activity: durable.Activity{Code: "snapshot_import"}}}), problem.Operation{Code: problem.OpSnapshotCreateAutomatic}, problem.DiskUnchanged)
				}
				return nil
			}
		})
		v.runUntil(50 * time.Minute)
		v.expectTaken("busy for three minutes", free)
		if v.tried != 7 || len(v.lines) != 0 || v.record.Problem != nil {
			t.Errorf("got %d tries, log %q, record %+v, want 7 tries and nothing logged", v.tried, v.lines, v.record)
		}
		v.mutate(func() { free = 100 * time.Minute })
		v.runUntil(79 * time.Minute)
		v.expectTaken("busy for a long time")
		if len(v.lines) != 1 || !strings.Contains(v.lines[0], "("+string(problem.AutomaticSkipped)+")") || !strings.Contains(v.lines[0], "process 7 (snapshot_import)") || v.record.Problem.String() != v.lines[0] {
			t.Errorf("got log %q, record %+v, want one line that names the process, and the same problem in the record", v.lines, v.record)
		}
		v.runUntil(110 * time.Minute)
		v.expectTaken("free again", free+8*time.Minute)
		if v.record.Problem != nil || !v.record.FailedAt.IsZero() {
			t.Errorf("got record %+v, want no failure", v.record)
		}
	})
}

func TestFailureIsRecordedUntilSuccess(t *testing.T) {
	for every, retry := range map[time.Duration]time.Duration{24 * time.Hour: schedule.RetryAfterFailure, 10 * time.Minute: 10 * time.Minute} {
		for name, result := range map[string]error{"taken": nil, "unchanged": fmt.Errorf("x: %w", snapshot.ErrUnchanged)} {
			runSynctest(t, name, func(t *testing.T) {
				v := startFakeVM(t, Automatic{Every: every, Keep: 1}, 0)
				v.mutate(func() { v.result = func() error { return snapshot.ErrNoSpace } })
				v.runUntil(every + exitDetectionTime + time.Second)
				if len(v.lines) != 1 || v.record.Problem.String() != v.lines[0] || !strings.Contains(v.lines[0], "not enough free space") ||
					!v.record.FailedAt.Equal(v.now().Add(-time.Second)) || !v.record.Next.Equal(v.record.FailedAt.Add(retry)) {
					t.Fatalf("got log %q, record %+v, want one failure for lack of space and a retry after %v", v.lines, v.record, retry)
				}
				v.mutate(func() { v.result = func() error { return result } })
				v.runUntil(every + exitDetectionTime + retry + time.Second)
				if v.record.Problem != nil || v.tried != 2 {
					t.Errorf("got %d tries, record %+v, want 2 tries and no problem", v.tried, v.record)
				}
			})
		}
	}
}

func TestScheduleAfterUnchangedDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := startFakeVM(t, everyHalfHour, 0)
		v.mutate(func() { v.result = func() error { return snapshot.ErrUnchanged } })
		v.runUntil(5*halfHour + time.Minute)
		v.expectTaken("nothing changed")
		if v.tried != 5 || len(v.lines) != 0 {
			t.Errorf("got %d tries, log %q, want 5 tries and nothing logged", v.tried, v.lines)
		}
	})
}

// An error caused by the exit of the VM is not recorded, even if it occurs before the exit is
// noticed.
func TestVMExitIsNotFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := startFakeVM(t, everyHalfHour, 0)
		v.mutate(func() {
			v.result = func() error {
				time.AfterFunc(time.Second, v.end)
				return errors.New("connection reset")
			}
		})
		v.runUntil(halfHour + time.Minute)
		if v.tried != 1 || len(v.lines) != 0 || v.record.Problem != nil {
			t.Errorf("got %d tries, log %q, record %+v, want 1 try and no failure", v.tried, v.lines, v.record)
		}
	})
}

// Snapshots that take longer than the interval are still separated by a pause.
func TestSlowSnapshots(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := startFakeVM(t, Automatic{Every: time.Minute, Keep: 1}, 0)
		v.mutate(func() { v.result = func() error { time.Sleep(10 * time.Minute); return nil } })
		v.runUntil(34 * time.Minute)
		v.expectTaken("ten minutes each", 11*time.Minute, 22*time.Minute, 33*time.Minute)
	})
}

func TestScheduleAfterPruneFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := startFakeVM(t, everyHalfHour, 0)
		v.mutate(func() { v.prune = func() error { return &durable.Busy{} } })
		v.runUntil(halfHour + time.Minute)
		v.expectTaken("busy while pruning", halfHour)
		if len(v.lines) != 1 || v.record.Problem != nil {
			t.Errorf("busy: got log %q, record %+v, want one line and no problem", v.lines, v.record)
		}
		v.mutate(func() { v.prune = func() error { return errors.New("read-only") } })
		v.runUntil(2*halfHour + time.Minute)
		v.expectTaken("read-only while pruning", 2*halfHour)
		if len(v.lines) != 2 || !strings.Contains(v.record.Problem.String(), string(problem.OldOnesRemain)) {
			t.Errorf("got log %q, record %+v, want a second line and a recorded problem", v.lines, v.record)
		}
	})
}

// If the disk is too full to save the record of a failure, saving is retried.
func TestRecordIsSavedAfterDiskWasFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := startFakeVM(t, everyHalfHour, 0)
		v.mutate(func() { v.full, v.result = true, func() error { return snapshot.ErrNoSpace } })
		v.runUntil(halfHour + time.Minute)
		v.mutate(func() { v.full = false })
		v.runUntil(halfHour + 2*time.Minute)
		if v.record.Problem == nil {
			t.Error("got no recorded problem, want the failure to be saved once there is space")
		}
	})
}

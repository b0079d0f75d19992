package schedule

import (
	"testing"
	"time"
)

func TestDue(t *testing.T) {
	start := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		newest time.Time
		want   time.Duration // after start
	}{
		"no snapshot yet":          {time.Time{}, time.Hour},
		"recent snapshot":          {start.Add(-20 * time.Minute), 40 * time.Minute},
		"overdue":                  {start.Add(-48 * time.Hour), MinPauseAfterSnapshot},
		"snapshot from the future": {start.Add(time.Hour), time.Hour},
	} {
		s := New(start)
		s.Enable(time.Hour, c.newest, start)
		if got := s.Due().Sub(start); got != c.want {
			t.Errorf("%s: due after %v, want %v", name, got, c.want)
		}
	}
}

func TestBusyVMIsSkippedAfterLimit(t *testing.T) {
	now := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	s := New(now)
	s.Enable(time.Hour, time.Time{}, now)
	if s.RecordBusy(now) || s.Due() != now.Add(ClockCheckInterval) {
		t.Errorf("busy: due at %v, want a retry after %v", s.Due(), ClockCheckInterval)
	}
	now = now.Add(BusyRetryLimit)
	if !s.RecordBusy(now) || s.Due() != now.Add(time.Hour) {
		t.Errorf("still busy: due at %v, want the snapshot to be skipped", s.Due())
	}
}

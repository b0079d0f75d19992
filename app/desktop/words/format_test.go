package words

import (
	"testing"
	"time"

	"vmterminal/app/job"
)

func TestRatio(t *testing.T) {
	for _, c := range []struct {
		file, disk int64
		want       string
	}{{0, 0, ""}, {1, 0, ""}, {25, 100, "25 %"}, {1, 40, "2.5 %"}, {150, 100, "150 %"}} {
		if got := Ratio(c.file, c.disk); got != c.want {
			t.Errorf("Ratio(%d, %d) = %q, want %q", c.file, c.disk, got, c.want)
		}
	}
}

func TestAge(t *testing.T) {
	now := time.Now()
	for d, want := range map[time.Duration]string{
		-time.Hour: "just now", time.Second: "just now", 50 * time.Second: "1 min ago",
		40 * time.Minute: "40 min ago", 3 * time.Hour: "3 h ago", 72 * time.Hour: "3 days ago",
	} {
		if got := Age(now.Add(-d), now); got != want {
			t.Errorf("age of %v: got %q, want %q", d, got, want)
		}
	}
	if got := Age(time.Time{}, now); got != "" {
		t.Errorf("age of the zero time: got %q, want none", got)
	}
}

func TestPercentNeedsTotal(t *testing.T) {
	if got := Percent(job.Progress{Done: 5}); got != "" {
		t.Errorf("percent of an unknown total: got %q, want none", got)
	}
	if got := Percent(job.Progress{Done: 999, Total: 1000}); got != "99 %" {
		t.Errorf("percent of 999 out of 1000: got %q, want 99", got)
	}
}

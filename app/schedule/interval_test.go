package schedule

import (
	"testing"
	"time"
)

func TestInterval(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"30m": 30 * time.Minute, "1h30m": 90 * time.Minute, "7d": 7 * day, "1d12h": 36 * time.Hour, "1m5s": 65 * time.Second,
	} {
		if d, err := ParseInterval(text); err != nil || d != want {
			t.Errorf("ParseInterval(%q) = %v, %v; want %v", text, d, err, want)
		}
		if got := FormatInterval(want); got != text {
			t.Errorf("FormatInterval(%v) = %s, want %s", want, got, text)
		}
	}
	for text, want := range map[string]time.Duration{"90m": 90 * time.Minute, "0d90s": 90 * time.Second, "0": 0, "0d": 0} {
		if d, err := ParseInterval(text); err != nil || d != want {
			t.Errorf("ParseInterval(%q) = %v, %v; want %v", text, d, err, want)
		}
	}
	for _, text := range []string{"", "d", "often", "30", "1.5d", "-1d", "-5m", "1d-5m", "-1d5m", "1d1d", "99999d", "1dd"} {
		if d, err := ParseInterval(text); err == nil {
			t.Errorf("ParseInterval(%q) = %v, want an error", text, d)
		}
	}
}

//go:build !nogui

package desktop

import (
	"os"
	"testing"
	"time"

	"vmterminal/app"
)

func TestSize(t *testing.T) {
	for bytes, want := range map[int64]string{
		0: "0 B", 1023: "1023 B", 1024: "1.0 KB", 10 << 10: "10 KB", 1536 << 10: "1.5 MB",
		66 << 20: "66 MB", 10 << 30: "10 GB", 3 << 40: "3.0 TB",
	} {
		if got := size(bytes); got != want {
			t.Errorf("size(%d) is %q, want %q", bytes, got, want)
		}
	}
}

func TestRatio(t *testing.T) {
	for _, c := range []struct {
		file, disk int64
		want       string
	}{{0, 0, ""}, {1, 0, ""}, {25, 100, "25 %"}, {1, 40, "2.5 %"}, {150, 100, "150 %"}} {
		if got := ratio(c.file, c.disk); got != c.want {
			t.Errorf("ratio(%d, %d) is %q, want %q", c.file, c.disk, got, c.want)
		}
	}
}

func TestClock(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0:00", 1: "0:01", 59 * time.Second: "0:59", 727 * time.Second: "12:07", 3723 * time.Second: "1:02:03",
	} {
		if got := clock(d); got != want {
			t.Errorf("clock(%v) is %q, want %q", d, got, want)
		}
	}
}

func TestAge(t *testing.T) {
	now := time.Now()
	for d, want := range map[time.Duration]string{
		-time.Hour: "just now", time.Second: "just now", 50 * time.Second: "1 min ago",
		40 * time.Minute: "40 min ago", 3 * time.Hour: "3 h ago", 72 * time.Hour: "3 days ago",
	} {
		if got := textAge(now.Add(-d), now); got != want {
			t.Errorf("age of %v is %q, want %q", d, got, want)
		}
	}
	if got := textAge(time.Time{}, now); got != "" {
		t.Errorf("no time has the age %q", got)
	}
}

func TestPercentNeedsTotal(t *testing.T) {
	if got := percent(app.Progress{Done: 5}); got != "" {
		t.Errorf("percent of an unknown total: %q", got)
	}
	if got := percent(app.Progress{Done: 999, Total: 1000}); got != "99 %" {
		t.Errorf("%q", got)
	}
}

func TestLocaleWithoutLanguage(t *testing.T) {
	for _, c := range []struct{ lang, language, want string }{
		{"C.UTF-8", "", "en"},
		{"POSIX.UTF-8", "", "en"},
		{"C", "", ""},
		{"", "", ""},
		{"de_DE.UTF-8", "", ""},
		{"C.UTF-8", "fr", "fr"},
	} {
		t.Setenv("LC_ALL", "")
		t.Setenv("LC_MESSAGES", "")
		t.Setenv("LANG", c.lang)
		t.Setenv("LANGUAGE", c.language)
		settleLocale()
		if got := os.Getenv("LANGUAGE"); got != c.want {
			t.Errorf("%q: LANGUAGE is %q, want %q", c.lang, got, c.want)
		}
	}
}

func TestMainAddress(t *testing.T) {
	for want, all := range map[string][]string{
		"10.0.2.15": {"fec0::5054:ff:fe12:3456", "10.0.2.15", "10.0.3.1"},
		"fec0::1":   {"fec0::1", "fec0::2"},
		"odd":       {"odd"},
	} {
		if got := mainAddress(all); got != want {
			t.Errorf("of %q %s", all, got)
		}
	}
}

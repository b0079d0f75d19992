package window

import (
	"os"
	"testing"
)

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
		setLocaleFallback()
		if got := os.Getenv("LANGUAGE"); got != c.want {
			t.Errorf("LANG=%q: LANGUAGE is %q, want %q", c.lang, got, c.want)
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
			t.Errorf("mainAddress(%q) = %s, want the first IPv4 address, or else the first address", all, got)
		}
	}
}

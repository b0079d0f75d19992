package spelling

import (
	"strings"
	"testing"
)

func TestNearest(t *testing.T) {
	names := []string{"before-upgrade", "clean-install", "dev", "Grüße"}
	for word, want := range map[string]string{
		"before-upgrad":           "before-upgrade",
		"befroe-upgrade":          "before-upgrade",
		"before-upgrades":         "before-upgrade",
		"BEFORE-UPGRADE":          "before-upgrade",
		"clean_install":           "clean-install",
		"edv":                     "dev",
		"deb":                     "dev",
		"grusse":                  "Grüße",
		"prod":                    "",
		"x":                       "",
		"":                        "",
		"after-the-upgrade":       "",
		strings.Repeat("d", 4000): "",
	} {
		if got := Nearest(word, names); got != want {
			t.Errorf("Nearest(%.40q) = %q, want %q", word, got, want)
		}
	}
}

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{
		{"", "", 0},
		{"", "abc", 3},
		{"abc", "", 3},
		{"abc", "abc", 0},
		{"abc", "acb", 1},
		{"abc", "bca", 2},
		{"kitten", "sitting", 3},
	} {
		if got := editDistance([]rune(c.a), []rune(c.b)); got != c.want {
			t.Errorf("editDistance(%q, %q) = %d, want %d", c.a, c.b, got, c.want)
		}
	}
}

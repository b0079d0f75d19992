//go:build !nogui

package desktop

import (
	"cmp"
	"os"
	"strings"
)

// settleLocale names a language where the environment names none: Fyne prints
// an error for the locale "C.UTF-8". It must run before the app is made.
func settleLocale() {
	locale := cmp.Or(os.Getenv("LC_ALL"), os.Getenv("LC_MESSAGES"), os.Getenv("LANG"))
	language, _, _ := strings.Cut(locale, ".")
	if (language == "C" || language == "POSIX") && language != locale && os.Getenv("LANGUAGE") == "" {
		_ = os.Setenv("LANGUAGE", "en") // the name is a good one
	}
}

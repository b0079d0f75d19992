package window

import (
	"cmp"
	"os"
	"strings"
)

// setLocaleFallback sets a language if the environment has none, because Fyne prints an
// error for the locale "C.UTF-8". It must be called before the app is created.
func setLocaleFallback() {
	locale := cmp.Or(os.Getenv("LC_ALL"), os.Getenv("LC_MESSAGES"), os.Getenv("LANG"))
	language, _, _ := strings.Cut(locale, ".")
	if (language == "C" || language == "POSIX") && language != locale && os.Getenv("LANGUAGE") == "" {
		_ = os.Setenv("LANGUAGE", "en") // fails only for an invalid name
	}
}

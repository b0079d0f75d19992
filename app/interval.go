package app

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

const day = 24 * time.Hour

var units = []struct {
	length time.Duration
	name   string
}{{day, "d"}, {time.Hour, "h"}, {time.Minute, "m"}, {time.Second, "s"}}

// FormatInterval writes a duration of whole seconds for reading at a glance:
// 30m, 1h30m, 7d.
func FormatInterval(d time.Duration) string {
	var b strings.Builder
	for _, u := range units {
		if n := d / u.length; n > 0 {
			fmt.Fprintf(&b, "%d%s", n, u.name)
			d -= n * u.length
		}
	}
	if b.Len() == 0 {
		return "0s"
	}
	return b.String()
}

var errInterval = errors.New("an interval is like 30m, 6h or 1d12h")

// ParseInterval reads what FormatInterval writes, and all that Go's durations
// may be, after days.
func ParseInterval(text string) (time.Duration, error) {
	days, rest, ok := strings.Cut(text, "d")
	if !ok {
		days, rest = "0", text
	}
	n, err := strconv.ParseUint(days, 10, 12) // far more than anyone waits for, and no overflow
	if err != nil {
		return 0, errInterval
	}
	var d time.Duration
	if rest != "" || !ok {
		if d, err = time.ParseDuration(rest); err != nil {
			return 0, errInterval
		}
	}
	return time.Duration(n)*day + d, nil
}

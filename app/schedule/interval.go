package schedule

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

const day = 24 * time.Hour

var intervalUnits = []struct {
	length time.Duration
	name   string
}{{day, "d"}, {time.Hour, "h"}, {time.Minute, "m"}, {time.Second, "s"}}

// FormatInterval formats a duration in whole seconds, such as 30m, 1h30m or 7d.
func FormatInterval(d time.Duration) string {
	var b strings.Builder
	for _, u := range intervalUnits {
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

// ErrInterval is returned for text that is not an interval.
var ErrInterval = errors.New("use an interval such as 30m, 6h or 1d12h")

// ParseInterval parses the format of FormatInterval: an optional number of days followed by
// a non-negative duration in Go's syntax.
func ParseInterval(text string) (time.Duration, error) {
	days, rest, ok := strings.Cut(text, "d")
	if !ok {
		days, rest = "0", text
	}
	n, err := strconv.ParseUint(days, 10, 12) // 12 bits cannot overflow a Duration
	if err != nil {
		return 0, ErrInterval
	}
	var d time.Duration
	if rest != "" || !ok {
		if d, err = time.ParseDuration(rest); err != nil || d < 0 {
			return 0, ErrInterval
		}
	}
	return time.Duration(n)*day + d, nil
}

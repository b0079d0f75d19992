// Package units formats sizes, rates and durations for users. All front ends use it, so that
// the same value looks the same everywhere.
package units

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Bytes formats a size in the largest binary unit that fits, with one decimal below 10, such as
// "1023 B", "1.5 MiB" or "20 GiB".
func Bytes(n int64) string {
	const step = 1024
	if n < step {
		return fmt.Sprintf("%d B", n)
	}
	value, unit := float64(n), ""
	for _, unit = range []string{"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"} {
		value /= step
		if value < step-0.5 { // larger values would be rounded up to 1024
			break
		}
	}
	return formatDecimal(value) + " " + unit
}

// Rate formats bytes per second in MiB/s, with one decimal below 10. It returns "" for less
// than one byte per second: the rate is not known yet, or the job has stalled.
func Rate(bytesPerSecond float64) string {
	if bytesPerSecond < 1 {
		return ""
	}
	return formatDecimal(bytesPerSecond/(1<<20)) + " MiB/s"
}

func formatDecimal(value float64) string {
	if value < 9.95 {
		return fmt.Sprintf("%.1f", value)
	}
	return fmt.Sprintf("%.0f", value)
}

// Duration formats d in its two largest units, such as "850 ms", "1.5 s", "2 min 5 s" or "3 d 4
// h". A negative duration is formatted as 0.
func Duration(d time.Duration) string {
	const (
		tenth = 100 * time.Millisecond
		day   = 24 * time.Hour
	)
	switch {
	case d < time.Second:
		d = max(0, d.Round(time.Millisecond))
	case d < 10*time.Second:
		d = d.Round(tenth)
	case d < time.Hour:
		d = d.Round(time.Second)
	case d < day:
		d = d.Round(time.Minute)
	default:
		d = d.Round(time.Hour)
	}
	switch {
	case d > 0 && d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < time.Minute:
		return strconv.FormatFloat(float64(d/tenth)/10, 'f', -1, 64) + " s"
	case d < time.Hour:
		return formatUnits(d, time.Minute, "min", time.Second, "s")
	case d < day:
		return formatUnits(d, time.Hour, "h", time.Minute, "min")
	default:
		return formatUnits(d, day, "d", time.Hour, "h")
	}
}

func formatUnits(d, large time.Duration, largeUnit string, small time.Duration, smallUnit string) string {
	text := fmt.Sprintf("%d %s", d/large, largeUnit)
	if rest := d % large / small; rest > 0 {
		text += fmt.Sprintf(" %d %s", rest, smallUnit)
	}
	return text
}

// Remaining formats the remaining time of a job, rounded up to whole seconds.
func Remaining(d time.Duration) string {
	return Duration((d + time.Second - 1).Truncate(time.Second))
}

var sizePattern = regexp.MustCompile(`^([0-9]+)([MGT]?)(B|IB)?$`)

// ParseMiB parses a size such as "512M", "10G" or "10GiB" and returns it in MiB. Units are
// binary and their case does not matter; a number without a unit is in MiB.
func ParseMiB(text string) (int, error) {
	match := sizePattern.FindStringSubmatch(strings.ToUpper(text))
	if match == nil || match[2] == "" && match[3] != "" {
		return 0, fmt.Errorf("%q is not a size such as 512M or 10G", text)
	}
	factor := map[string]int{"": 1, "M": 1, "G": 1 << 10, "T": 1 << 20}[match[2]]
	n, err := strconv.Atoi(match[1])
	if err != nil || n*factor/factor != n {
		return 0, fmt.Errorf("%q is too large", text)
	}
	return n * factor, nil
}

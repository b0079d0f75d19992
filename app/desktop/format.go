//go:build !nogui

package desktop

import (
	"fmt"
	"math"
	"time"

	"vmterminal/app"
)

// size is bytes in the unit that gives a short number.
func size(bytes int64) string {
	const step = 1024
	value, unit := float64(bytes), "B"
	for _, next := range []string{"KB", "MB", "GB", "TB", "PB"} {
		if value < step {
			break
		}
		value, unit = value/step, next
	}
	switch {
	case unit == "B":
		return fmt.Sprintf("%d B", bytes)
	case value < 9.95:
		return fmt.Sprintf("%.1f %s", value, unit)
	default:
		return fmt.Sprintf("%.0f %s", value, unit)
	}
}

// ratio is what part of the disk's size the file takes.
func ratio(file, disk int64) string {
	if disk <= 0 || file <= 0 {
		return ""
	}
	percent := 100 * float64(file) / float64(disk)
	if percent < 9.95 {
		return fmt.Sprintf("%.1f %%", percent)
	}
	return fmt.Sprintf("%.0f %%", percent)
}

// clock is a duration as 0:42, 12:07 or 1:02:03.
func clock(d time.Duration) string {
	s := int64(math.Ceil(d.Seconds()))
	if s < 3600 {
		return fmt.Sprintf("%d:%02d", s/60, s%60)
	}
	return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
}

// seconds is a short duration for a result line.
func seconds(d time.Duration) string {
	switch {
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < time.Minute:
		return fmt.Sprintf("%.1f s", d.Seconds())
	default:
		return clock(d)
	}
}

// percent is where a job stands, or "" while its total is unknown.
func percent(p app.Progress) string {
	if p.Total <= 0 {
		return ""
	}
	return fmt.Sprintf("%d %%", int(p.Fraction()*100))
}

// rate is bytes a second.
func rate(bytes float64) string {
	if bytes < 1 {
		return ""
	}
	return fmt.Sprintf("%.0f MB/s", bytes/(1<<20))
}

// day is a date and time of day in the person's own time zone.
func day(t time.Time) string { return t.Local().Format(textDayForm()) }

package words

import (
	"fmt"
	"time"

	"fyne.io/fyne/v2/lang"

	"vmterminal/app/job"
)

// Ratio returns the size of a file as a percentage of the disk, or "" if either is unknown.
func Ratio(file, disk int64) string {
	if disk <= 0 || file <= 0 {
		return ""
	}
	percent := 100 * float64(file) / float64(disk)
	if percent < 9.95 {
		return fmt.Sprintf("%.1f %%", percent)
	}
	return fmt.Sprintf("%.0f %%", percent)
}

// Percent returns the progress of a job, or "" while its total is unknown.
func Percent(p job.Progress) string {
	if p.Total <= 0 {
		return ""
	}
	return fmt.Sprintf("%d %%", int(p.Fraction()*100))
}

// Date returns a date and time of day in the local time zone.
func Date(t time.Time) string { return t.Local().Format(lang.X("form.day", "2 Jan 2006, 15:04:05")) }

package cli

import (
	"fmt"
	"time"

	"vmterminal/app/units"
)

func formatTime(t time.Time) string { return t.Local().Format("2006-01-02 15:04:05") }

func utcOrNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	u := t.UTC()
	return &u
}

// pluralize formats a count of things: "1 file", "2 files".
func pluralize(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// formatMegabytes formats a size for the lines about snapshots, which scripts may parse. Their MB are
// 1024² bytes; all other output uses package units.
func formatMegabytes(bytes int64) string { return fmt.Sprintf("%.2f MB", float64(bytes)/(1<<20)) }

// formatMemory formats an amount of memory in MiB.
func formatMemory(mebibytes int) string { return units.Bytes(int64(mebibytes) << 20) }

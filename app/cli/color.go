package cli

import (
	"fmt"
	"io"
	"os"
)

// Foreground colors of ECMA-48.
const (
	red    = 31
	green  = 32
	yellow = 33
)

// stateColors maps states to colors; other states are not colored.
var stateColors = map[string]int{
	"running": green, "ok": green,
	"paused": yellow, "starting": yellow, "stopping": yellow, "imported": yellow, "note": yellow,
	"broken": red, "not answering": red, "missing": red, "damaged": red,
}

// colorize colors word if w is a terminal with colors and NO_COLOR (no-color.org) is not set.
// It does not sanitize word.
func colorize(w io.Writer, color int, word string) string {
	_, shown := asTerminal(w)
	if !shown || color == 0 || os.Getenv("NO_COLOR") != "" || os.Getenv("TERM") == "dumb" {
		return word
	}
	return fmt.Sprintf("\x1b[%dm%s\x1b[0m", color, word)
}

// printfState prints state in its color, padded to width, and then prints args like printf.
func (p *printer) printfState(state string, width int, format string, args ...any) {
	text := sanitizeLines(fmt.Sprintf("%-*s", width, state))
	p.writeText(colorize(p.io.Out, stateColors[state], text))
	p.printf(format, args...)
}

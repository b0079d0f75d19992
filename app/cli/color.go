package cli

import (
	"fmt"
	"io"
	"os"
)

// The colours of words that want to be seen, as ECMA-48 numbers them.
const (
	red    = 31
	green  = 32
	yellow = 33
)

// stateColors are those of states; the others have the terminal's own.
var stateColors = map[string]int{
	"running": green, "ok": green,
	"paused": yellow, "starting": yellow, "stopping": yellow, "imported": yellow, "note": yellow,
	"broken": red, "not answering": red, "missing": red, "damaged": red,
}

// tint colours a word of ours where w is a terminal that takes colours, and
// nobody has asked for none (see no-color.org).
func tint(w io.Writer, color int, word string) string {
	_, shown := terminal(w)
	if !shown || color == 0 || os.Getenv("NO_COLOR") != "" || os.Getenv("TERM") == "dumb" {
		return word
	}
	return fmt.Sprintf("\x1b[%dm%s\x1b[0m", color, word)
}

// printfState is printf with a state at the start, filled up to a width, in its
// colour.
func (f *face) printfState(state string, width int, format string, args ...any) {
	text := plainLines(fmt.Sprintf("%-*s", width, state))
	f.write(tint(f.io.Out, stateColors[state], text))
	f.printf(format, args...)
}

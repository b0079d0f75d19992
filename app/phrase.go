package app

import (
	"fmt"
	"strings"
)

// Phrase is text with values in it, kept apart so that it can be said in another
// language: Format has a %s for each of Args. The zero value says nothing.
type Phrase struct {
	Format string
	Args   []string
}

func (p Phrase) String() string {
	args := make([]any, len(p.Args))
	for i, a := range p.Args {
		args[i] = a
	}
	return fmt.Sprintf(p.Format, args...)
}

// phrase makes a Phrase of a format with %s, and nothing else of the kind, for each
// argument. Phrases among these become part of it, so that what people are told is
// one sentence with values.
func phrase(format string, args ...any) Phrase {
	var out Phrase
	var text strings.Builder
	for i, piece := range strings.Split(format, "%s") {
		if i > 0 {
			switch a := args[i-1].(type) {
			case Phrase:
				text.WriteString(a.Format)
				out.Args = append(out.Args, a.Args...)
			default:
				text.WriteString("%s")
				out.Args = append(out.Args, fmt.Sprint(a))
			}
		}
		text.WriteString(piece)
	}
	out.Format = text.String()
	return out
}

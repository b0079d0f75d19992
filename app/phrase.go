package app

import (
	"fmt"
	"strings"
)

// Phrase is text with values in it, kept apart so that it can be said in another
// language: Format has a %s for each of Args. The zero value says nothing.
type Phrase struct {
	Format string   `json:"format"`
	Args   []string `json:"args,omitempty"`
}

func (p Phrase) String() string {
	if len(p.Args) == 0 {
		return p.Format
	}
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
	first, rest, _ := strings.Cut(format, "%s")
	out := Phrase{Format: first}
	for _, arg := range args {
		switch a := arg.(type) {
		case Phrase:
			out.Format += a.Format
			out.Args = append(out.Args, a.Args...)
		default:
			out.Format += "%s"
			out.Args = append(out.Args, fmt.Sprint(a))
		}
		var piece string
		piece, rest, _ = strings.Cut(rest, "%s")
		out.Format += piece
	}
	return out
}

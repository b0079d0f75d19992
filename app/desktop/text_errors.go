//go:build !nogui

package desktop

import (
	"strings"

	"fyne.io/fyne/v2/lang"

	"vmterminal/app"
)

// textProblem says a problem in the person's language, but for its Detail: what
// programs and systems say of a cause is in theirs. Its texts stand in app, as
// commands say them too.
func textProblem(p app.Problem) app.Problem {
	p.Title = lang.L("It did not work")
	if p.Doing.Format != "" {
		p.Title = textPhrase("Could not ", p.Doing)
	}
	var left []string
	for _, sentence := range p.Left {
		left = append(left, textPhrase("", sentence))
	}
	p.Disk = strings.Join(left, " ")
	p.Hint = textPhrase("", app.Phrase{Format: p.Hint})
	return p
}

// textTold says a problem of the past, or the line that is all there is of it.
func textTold(t *app.Told, line string) string {
	if t == nil {
		return line
	}
	return textProblem(t.Problem()).Line()
}

// textPhrase says what goes on after some words. A value is never taken for a part of
// the text; a text that looks like a template is not ours, and said as it is.
func textPhrase(before string, p app.Phrase) string {
	if p.Format == "" || strings.Contains(p.Format, "{{") {
		return before + p.String()
	}
	values := with{}
	for i, value := range p.Args {
		values[placeName(i)] = app.Plain(value)
	}
	return lang.L(before+phraseKey(p.Format), values)
}

// phraseKey is a format as the translations have it: its values are A, B, C.
func phraseKey(format string) string {
	var key strings.Builder
	for i, piece := range strings.Split(format, "%s") {
		if i > 0 {
			key.WriteString("{{." + placeName(i-1) + "}}")
		}
		key.WriteString(piece)
	}
	return key.String()
}

func placeName(i int) string { return string(rune('A' + i)) }

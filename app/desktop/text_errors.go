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
	p.Title = textOfPhrase(p.Doing)
	p.Disk, p.Hint = textSentence(p.Disk), textSentence(p.Hint)
	return p
}

func textOfPhrase(doing app.Phrase) string {
	if doing.Format == "" {
		return lang.L("It did not work")
	}
	values := with{}
	for i, value := range doing.Args {
		values[placeName(i)] = app.Plain(value)
	}
	return lang.L(phraseKey(doing.Format), values)
}

// phraseKey is what the translations have of a phrase: its values are A, B, C.
func phraseKey(format string) string {
	var key strings.Builder
	key.WriteString("Could not ")
	for i, piece := range strings.Split(format, "%s") {
		if i > 0 {
			key.WriteString("{{." + placeName(i-1) + "}}")
		}
		key.WriteString(piece)
	}
	return key.String()
}

func placeName(i int) string { return string(rune('A' + i)) }

// textSentence is a sentence without values. One that has some is not translated, and
// must not be taken for a template.
func textSentence(english string) string {
	if english == "" || strings.Contains(english, "{{") {
		return english
	}
	return lang.L(english)
}

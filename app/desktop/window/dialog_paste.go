package window

import (
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"vmterminal/app"
	"vmterminal/app/desktop/words"
	"vmterminal/assets"
	"vmterminal/widgets"
	"vmterminal/widgets/console"
)

// pastePreview is the maximum number of pasted lines that the dialog shows.
const pastePreview = 8

// askPaste asks before pasting text that the guest would run line by line. Return cancels,
// because it is easily pressed too early.
func (c *consoles) askPaste(t *console.Console, text string) {
	lines := pastedLines(text)
	shown := lines[:min(len(lines), pastePreview)]
	preview := container.New(layout.NewCustomPaddedVBoxLayout(2))
	for _, text := range shown {
		line := widgets.NewLine(app.Plain(text))
		line.Style = fyne.TextStyle{Monospace: true}
		line.TextSize = theme.SizeNameCaptionText
		preview.Add(line)
	}
	if more := len(lines) - len(shown); more > 0 {
		preview.Add(widgets.NewCaption(lang.L("and {{.N}} more", words.Values{"N": more})))
	}
	body := container.New(layout.NewCustomPaddedVBoxLayout(10), paragraph(lang.L("The program in this terminal does not distinguish pasted text from typed text. Each line runs immediately.")),
		container.NewStack(widgets.NewGround(assets.ColorNamePane, 6),
			container.New(layout.NewCustomPaddedLayout(8, 8, 10, 10), preview)))

	var d *widgets.Dialog
	paste := &widgets.DialogButton{Text: lang.L("Paste"), Importance: widget.WarningImportance, OnTapped: func() {
		c.modal.closeDialog(d)
		t.PasteText(text)
	}}
	d = c.modal.openDialog(pasteTitle(len(lines)), body, lang.L("Cancel"), nil, paste)
}

// pastedLines returns the lines of a text that the guest would run.
func pastedLines(text string) []string {
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text)
	return strings.Split(strings.TrimSuffix(text, "\n"), "\n")
}

func pasteTitle(lines int) string {
	if lines == 1 {
		return lang.L("Paste text that will run immediately?")
	}
	return lang.L("Paste {{.N}} lines?", words.Values{"N": lines})
}

//go:build !nogui

package desktop

import (
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"vmterminal/app"
	"vmterminal/assets"
	"vmterminal/widgets"
	"vmterminal/widgets/console"
)

// pastePreview is how many lines of a text are shown before it is pasted.
const pastePreview = 8

// askPaste asks before text is pasted that the guest carries out line by line.
// Return cancels, since that is what many press too fast.
func (w *window) askPaste(t *console.Console, text string) {
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
		preview.Add(widgets.NewCaption(textMoreLines(more)))
	}
	body := container.New(layout.NewCustomPaddedVBoxLayout(10), paragraph(textPasteAbout()),
		container.NewStack(widgets.NewGround(assets.ColorNamePane, 6),
			container.New(layout.NewCustomPaddedLayout(8, 8, 10, 10), preview)))

	var s *widgets.Sheet
	paste := &widgets.SheetButton{Text: textPaste(), Look: widget.WarningImportance, OnTapped: func() {
		w.closeSheet(s)
		t.PasteText(text)
	}}
	s = w.openSheet(textPasteTitle(len(lines)), body, textCancel(), nil, paste)
}

// pastedLines are the lines that a text makes the guest carry out.
func pastedLines(text string) []string {
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text)
	return strings.Split(strings.TrimSuffix(text, "\n"), "\n")
}

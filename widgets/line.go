package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// A Line is one line of text without padding. It is shortened with an ellipsis to fit, so
// that long names do not widen a layout.
type Line struct {
	widget.BaseWidget

	// Call Refresh after changing a field, or use Set and SetColor.
	Text     string
	Color    fyne.ThemeColorName
	TextSize fyne.ThemeSizeName
	Style    fyne.TextStyle
	Align    fyne.TextAlign
	// Whole makes the line at least as wide as its text.
	Whole bool
}

// NewLine returns a line in the default color and size.
func NewLine(text string) *Line {
	l := &Line{Text: text, Color: theme.ColorNameForeground, TextSize: theme.SizeNameText}
	l.ExtendBaseWidget(l)
	return l
}

// NewCaption returns a line in the placeholder color and caption size.
func NewCaption(text string) *Line {
	l := NewLine(text)
	l.Color, l.TextSize = theme.ColorNamePlaceHolder, theme.SizeNameCaptionText
	return l
}

// NewBold returns a line in bold.
func NewBold(text string) *Line {
	l := NewLine(text)
	l.Style.Bold = true
	return l
}

// Set changes the text.
func (l *Line) Set(text string) {
	if l.Text == text {
		return
	}
	l.Text = text
	l.Refresh()
}

// SetColor changes the color.
func (l *Line) SetColor(name fyne.ThemeColorName) {
	if l.Color == name {
		return
	}
	l.Color = name
	l.Refresh()
}

// CreateRenderer implements fyne.Widget.
func (l *Line) CreateRenderer() fyne.WidgetRenderer {
	l.ExtendBaseWidget(l)
	r := &lineRenderer{line: l, text: canvas.NewText("", theme.Color(l.Color))}
	r.Refresh()
	return r
}

type lineRenderer struct {
	line *Line
	text *canvas.Text
}

func (r *lineRenderer) Layout(size fyne.Size) {
	if text := r.shortenedText(size.Width); text != r.text.Text {
		r.text.Text = text
		r.text.Refresh()
	}
	r.text.Resize(size)
}

// shortenedText returns the text, shortened to width.
func (r *lineRenderer) shortenedText(width float32) string {
	text := r.line.Text
	if r.line.Whole || r.textWidth(text) <= width {
		return text
	}
	runes := []rune(text)
	low, high := 0, len(runes)
	for low < high {
		mid := (low + high + 1) / 2
		if r.textWidth(string(runes[:mid])+"…") <= width {
			low = mid
		} else {
			high = mid - 1
		}
	}
	return string(runes[:low]) + "…"
}

func (r *lineRenderer) textWidth(s string) float32 {
	return fyne.MeasureText(s, r.text.TextSize, r.text.TextStyle).Width
}

func (r *lineRenderer) MinSize() fyne.Size {
	size := fyne.MeasureText("X", r.text.TextSize, r.text.TextStyle)
	if r.line.Whole {
		size.Width = r.textWidth(r.line.Text)
	} else {
		size.Width = 0
	}
	return size
}

func (r *lineRenderer) Refresh() {
	l := r.line
	th := l.Theme()
	r.text.TextSize = th.Size(l.TextSize)
	r.text.TextStyle = l.Style
	r.text.Alignment = l.Align
	r.text.Color = th.Color(l.Color, fyne.CurrentApp().Settings().ThemeVariant())
	r.Layout(l.Size())
	r.text.Refresh()
}

func (r *lineRenderer) Objects() []fyne.CanvasObject { return []fyne.CanvasObject{r.text} }

func (r *lineRenderer) Destroy() {}

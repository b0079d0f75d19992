package widgets

import (
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// An InPlace is a text that turns into an entry when it is clicked. Return commits the new
// text; Escape and losing the focus discard it.
type InPlace struct {
	widget.BaseWidget

	// Check returns the problem with a text, or "". It may be nil.
	Check func(text string) string
	// OnEdited is called with a new, valid text. If nil, the text cannot be edited.
	OnEdited func(text string)
	// Focus moves the keyboard focus to a part that has just been shown.
	Focus func(fyne.Focusable)
	// OnEnded is called after the entry has closed, whether the text was committed or
	// discarded.
	OnEnded func()

	text, empty string
	display     fyne.CanvasObject
	draw        func(text string, color fyne.ThemeColorName)
	field       *Field
	hovered     bool
}

// NewInPlace returns an InPlace without text, drawn in the given style. While there is no text,
// it shows the placeholder empty.
func NewInPlace(style *Line, empty string) *InPlace {
	return newInPlace(style, empty, func(text string, color fyne.ThemeColorName) {
		style.Set(text)
		style.SetColor(color)
	})
}

// maxDisplayedText is the maximum number of characters that NewInPlaceText shows; the entry
// contains all.
const maxDisplayedText = 300

// NewInPlaceText returns an InPlace for a caption that wraps at width. Very long texts are
// shown shortened.
func NewInPlaceText(width float32, empty string) *InPlace {
	label := NewText("")
	label.SizeName = theme.SizeNameCaptionText
	return newInPlace(container.New(fixedWidth(width), NewParagraph(label)), empty, func(text string, color fyne.ThemeColorName) {
		if all := []rune(text); len(all) > maxDisplayedText {
			text = string(all[:maxDisplayedText]) + "…"
		}
		label.Importance = importances[color]
		label.SetText(text)
	})
}

// importances maps a color to the importance that makes a label use it.
var importances = map[fyne.ThemeColorName]widget.Importance{
	theme.ColorNamePlaceHolder: widget.LowImportance, theme.ColorNameHyperlink: widget.HighImportance,
}

func newInPlace(display fyne.CanvasObject, empty string, draw func(string, fyne.ThemeColorName)) *InPlace {
	p := &InPlace{display: display, draw: draw, empty: empty}
	p.field = NewField("", "", "", "")
	p.field.label.Hide()
	p.field.Check = func(text string) string {
		if p.Check == nil || text == p.text {
			return ""
		}
		return p.Check(text)
	}
	p.field.OnSubmit = p.submit
	p.field.OnEscape = p.closeEntry
	p.field.entry.onFocusLost = p.closeEntry
	p.field.Hide()
	p.ExtendBaseWidget(p)
	p.redraw()
	return p
}

// Text returns the text as it was set.
func (p *InPlace) Text() string { return p.text }

// Set changes the text. If it differs, an open entry is closed and its text discarded.
func (p *InPlace) Set(text string) {
	if p.text == text {
		return
	}
	p.text = text
	if p.Editing() {
		p.closeEntry()
	}
	p.redraw()
}

// Editing reports whether the entry is open.
func (p *InPlace) Editing() bool { return p.field.Visible() }

// Edit opens the entry and gives it the focus.
func (p *InPlace) Edit() {
	if p.OnEdited == nil || p.Editing() {
		return
	}
	p.field.SetText(p.text)
	p.display.Hide()
	p.field.Show()
	p.Refresh()
	if p.Focus != nil {
		p.Focus(p.field.entry)
	}
	p.field.SelectAll()
}

func (p *InPlace) submit() {
	text := strings.TrimSpace(p.field.Text())
	if !p.field.Valid() {
		return
	}
	previous := p.text
	p.closeEntry()
	if text != previous {
		p.OnEdited(text)
	}
}

func (p *InPlace) closeEntry() {
	if !p.Editing() {
		return
	}
	p.field.Hide()
	p.display.Show()
	p.Refresh()
	callIfSet(p.OnEnded)
}

func (p *InPlace) redraw() {
	text, color := p.text, theme.ColorNameForeground
	if text == "" {
		text, color = p.empty, theme.ColorNamePlaceHolder
	}
	if p.hovered {
		color = theme.ColorNameHyperlink
	}
	p.draw(text, color)
}

// Tapped implements fyne.Tappable.
func (p *InPlace) Tapped(*fyne.PointEvent) { p.Edit() }

// MouseIn implements desktop.Hoverable.
func (p *InPlace) MouseIn(*desktop.MouseEvent) { p.setHovered(true) }

// MouseMoved implements desktop.Hoverable.
func (p *InPlace) MouseMoved(*desktop.MouseEvent) {}

// MouseOut implements desktop.Hoverable.
func (p *InPlace) MouseOut() { p.setHovered(false) }

func (p *InPlace) setHovered(on bool) {
	p.hovered = on && p.OnEdited != nil
	p.redraw()
}

// Cursor implements desktop.Cursorable.
func (p *InPlace) Cursor() desktop.Cursor { return desktop.TextCursor }

// CreateRenderer implements fyne.Widget.
func (p *InPlace) CreateRenderer() fyne.WidgetRenderer {
	return widget.NewSimpleRenderer(container.New(rowLayout(0), p.display, p.field))
}

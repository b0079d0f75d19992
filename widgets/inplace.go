package widgets

import (
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// An InPlace is a text that becomes an entry when it is clicked. Return
// hands the new text over, Escape and leaving it drop what was typed.
type InPlace struct {
	widget.BaseWidget

	// Check returns what is wrong with a text, or "". May be nil.
	Check func(text string) string
	// OnEdited is called with a text that differs and with which nothing is wrong.
	OnEdited func(text string)
	// Focus puts the keyboard into a part that was shown a moment ago.
	Focus func(fyne.Focusable)
	// OnEnded is called when the entry has gone, whichever way.
	OnEnded func()

	text, empty string
	shown       fyne.CanvasObject
	say         func(text string, colour fyne.ThemeColorName)
	field       *Field
	hovered     bool
}

// NewInPlace returns an empty line in the given style; empty stands for it
// while there is none.
func NewInPlace(style *Line, empty string) *InPlace {
	return newInPlace(style, empty, func(text string, colour fyne.ThemeColorName) {
		style.Set(text)
		style.SetColor(colour)
	})
}

// mostInPlace is how many characters NewInPlaceText shows; its entry has all.
const mostInPlace = 300

// NewInPlaceText is NewInPlace for a caption of several lines in that width. Of a
// very long text it shows the beginning.
func NewInPlaceText(width float32, empty string) *InPlace {
	label := NewText("")
	label.SizeName = theme.SizeNameCaptionText
	return newInPlace(container.New(wide(width), NewParagraph(label)), empty, func(text string, colour fyne.ThemeColorName) {
		if all := []rune(text); len(all) > mostInPlace {
			text = string(all[:mostInPlace]) + "…"
		}
		label.Importance = importanceOf[colour]
		label.SetText(text)
	})
}

// importanceOf is which importance gives a label a colour.
var importanceOf = map[fyne.ThemeColorName]widget.Importance{
	theme.ColorNamePlaceHolder: widget.LowImportance, theme.ColorNameHyperlink: widget.HighImportance,
}

func newInPlace(shown fyne.CanvasObject, empty string, say func(string, fyne.ThemeColorName)) *InPlace {
	p := &InPlace{shown: shown, say: say, empty: empty}
	p.field = NewField("", "", "", "")
	p.field.label.Hide()
	p.field.Check = func(text string) string {
		if p.Check == nil || text == p.text {
			return ""
		}
		return p.Check(text)
	}
	p.field.OnSubmit = p.submit
	p.field.OnEscape = p.leave
	p.field.entry.onFocusLost = p.leave
	p.field.Hide()
	p.ExtendBaseWidget(p)
	p.show()
	return p
}

// Text is the text as it was set.
func (p *InPlace) Text() string { return p.text }

// Set changes the text. What is being typed into it is dropped when it differs.
func (p *InPlace) Set(text string) {
	if p.text == text {
		return
	}
	p.text = text
	if p.Editing() {
		p.leave()
	}
	p.show()
}

// Editing tells whether the entry is open.
func (p *InPlace) Editing() bool { return p.field.Visible() }

// Edit opens the entry and puts the keyboard into it.
func (p *InPlace) Edit() {
	if p.OnEdited == nil || p.Editing() {
		return
	}
	p.field.SetText(p.text)
	p.shown.Hide()
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
	was := p.text
	p.leave()
	if text != was {
		p.OnEdited(text)
	}
}

// leave closes the entry.
func (p *InPlace) leave() {
	if !p.Editing() {
		return
	}
	p.field.Hide()
	p.shown.Show()
	p.Refresh()
	if p.OnEnded != nil {
		p.OnEnded()
	}
}

func (p *InPlace) show() {
	text, colour := p.text, theme.ColorNameForeground
	if text == "" {
		text, colour = p.empty, theme.ColorNamePlaceHolder
	}
	if p.hovered {
		colour = theme.ColorNameHyperlink
	}
	p.say(text, colour)
}

// Tapped implements fyne.Tappable.
func (p *InPlace) Tapped(*fyne.PointEvent) { p.Edit() }

// MouseIn implements desktop.Hoverable.
func (p *InPlace) MouseIn(*desktop.MouseEvent) { p.hover(true) }

// MouseMoved implements desktop.Hoverable.
func (p *InPlace) MouseMoved(*desktop.MouseEvent) {}

// MouseOut implements desktop.Hoverable.
func (p *InPlace) MouseOut() { p.hover(false) }

func (p *InPlace) hover(on bool) {
	p.hovered = on && p.OnEdited != nil
	p.show()
}

// Cursor implements desktop.Cursorable.
func (p *InPlace) Cursor() desktop.Cursor { return desktop.TextCursor }

// CreateRenderer implements fyne.Widget.
func (p *InPlace) CreateRenderer() fyne.WidgetRenderer {
	return widget.NewSimpleRenderer(container.New(rows(0), p.shown, p.field))
}

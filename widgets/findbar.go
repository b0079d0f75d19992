package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// A FindBar searches a text: a field, the number of matches, and buttons for the previous and
// the next match. Return goes to the previous match, Shift+Return to the next; Escape closes
// the bar.
type FindBar struct {
	widget.BaseWidget

	// OnChanged is called with the text after each change.
	OnChanged func(text string, matchCase bool)
	// OnStep is called with -1 for the previous match and 1 for the next.
	OnStep  func(by int)
	OnClose func()

	entry        *findEntry
	count        *Line
	matchCaseBox *widget.Check
	layoutBox    fyne.CanvasObject
}

const findFieldWidth = 220

// NewFindBar returns a bar with an empty field; hint is the placeholder of the field,
// matchCase the label of the check box.
func NewFindBar(hint, matchCase string) *FindBar {
	b := &FindBar{count: NewCaption("")}
	b.entry = &findEntry{bar: b}
	b.entry.ExtendBaseWidget(b.entry)
	b.entry.SetPlaceHolder(hint)
	b.entry.OnChanged = func(string) { b.reportChange() }
	b.entry.OnSubmitted = func(string) { b.reportStep(-1 + 2*b.entry.shift) }
	b.matchCaseBox = widget.NewCheck(matchCase, func(bool) { b.reportChange() })
	previous := newIconSpot(theme.MoveUpIcon(), func() { b.reportStep(-1) })
	next := newIconSpot(theme.MoveDownIcon(), func() { b.reportStep(1) })
	end := newIconSpot(theme.CancelIcon(), func() { callIfSet(b.OnClose) })
	row := container.NewBorder(nil, nil, container.New(fixedWidth(findFieldWidth), b.entry), container.NewHBox(
		container.NewCenter(previous), container.NewCenter(next), b.matchCaseBox, container.NewCenter(end)),
		container.New(verticallyCentered{}, container.New(insetLayout(0, 8), b.count)))
	b.layoutBox = NewFrame(widget.NewSeparator(), nil, nil, nil, container.New(insetLayout(4, 8), row))
	b.ExtendBaseWidget(b)
	return b
}

// Field returns the part that takes the focus.
func (b *FindBar) Field() fyne.Focusable { return b.entry }

// Text returns the text to search for.
func (b *FindBar) Text() string { return b.entry.Text }

// MatchCase reports whether the search is case-sensitive.
func (b *FindBar) MatchCase() bool { return b.matchCaseBox.Checked }

// Set puts text into the field and selects it, so that typing replaces it.
func (b *FindBar) Set(text string) {
	b.entry.SetText(text)
	b.entry.TypedShortcut(&fyne.ShortcutSelectAll{})
}

// SetCount shows the number of matches.
func (b *FindBar) SetCount(count string) { b.count.Set(count) }

func (b *FindBar) reportChange() {
	if b.OnChanged != nil {
		b.OnChanged(b.entry.Text, b.matchCaseBox.Checked)
	}
}

func (b *FindBar) reportStep(by int) {
	if b.OnStep != nil {
		b.OnStep(by)
	}
}

// CreateRenderer implements fyne.Widget.
func (b *FindBar) CreateRenderer() fyne.WidgetRenderer { return widget.NewSimpleRenderer(b.layoutBox) }

// findEntry tracks the Shift key, and passes Escape to the bar.
type findEntry struct {
	widget.Entry

	bar   *FindBar
	shift int // 1 while it is pressed
}

// KeyDown implements desktop.Keyable.
func (e *findEntry) KeyDown(key *fyne.KeyEvent) {
	if key.Name == desktop.KeyShiftLeft || key.Name == desktop.KeyShiftRight {
		e.shift = 1
	}
	e.Entry.KeyDown(key)
}

// KeyUp implements desktop.Keyable.
func (e *findEntry) KeyUp(key *fyne.KeyEvent) {
	if key.Name == desktop.KeyShiftLeft || key.Name == desktop.KeyShiftRight {
		e.shift = 0
	}
	e.Entry.KeyUp(key)
}

// FocusLost implements fyne.Focusable.
func (e *findEntry) FocusLost() {
	e.shift = 0
	e.Entry.FocusLost()
}

// TypedKey implements fyne.Focusable.
func (e *findEntry) TypedKey(key *fyne.KeyEvent) {
	if key.Name == fyne.KeyEscape {
		callIfSet(e.bar.OnClose)
		return
	}
	e.Entry.TypedKey(key)
}

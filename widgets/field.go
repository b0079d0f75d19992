package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// A Field is a labeled entry whose text is checked after every change. A problem is shown below
// the entry, but only after some text has been entered.
type Field struct {
	widget.BaseWidget

	// Check returns the problem with a text, or "". It may be nil.
	Check func(text string) string
	// OnChanged is called after every change, once the text has been checked.
	OnChanged func()
	// OnSubmit is called when Return is pressed, OnEscape when Escape is pressed.
	OnSubmit, OnEscape func()

	label    *Line
	entry    *fieldEntry
	noteLine *Line
	hint     string
	problem  string
	touched  bool // the entry has contained text
}

// NewField returns a field. The hint is shown below it while the text is valid; unit, which
// may be empty, is shown to the right of the entry.
func NewField(label, text, hint, unit string) *Field {
	f := &Field{label: NewLine(label), noteLine: NewCaption(hint), hint: hint}
	f.entry = &fieldEntry{field: f}
	f.entry.ExtendBaseWidget(f.entry)
	f.entry.Text = text
	if unit != "" {
		unitLabel := NewCaption(unit)
		unitLabel.Whole = true
		f.entry.ActionItem = container.NewCenter(container.NewHBox(unitLabel, gap(8)))
	}
	f.entry.OnChanged = func(string) { f.handleChange() }
	f.entry.OnSubmitted = func(string) { callIfSet(f.OnSubmit) }
	f.ExtendBaseWidget(f)
	return f
}

// Text returns the text as typed.
func (f *Field) Text() string { return f.entry.Text }

// SetText changes the text and checks it.
func (f *Field) SetText(text string) { f.entry.SetText(text) }

// SetPlaceHolder sets the text that an empty entry shows.
func (f *Field) SetPlaceHolder(text string) { f.entry.SetPlaceHolder(text) }

// Valid reports whether the text is valid, and shows the problem otherwise.
func (f *Field) Valid() bool {
	f.showValidity()
	return f.problem == ""
}

// Disable makes the text read-only.
func (f *Field) Disable() { f.entry.Disable() }

// Entry returns the part that takes the focus.
func (f *Field) Entry() fyne.Focusable { return f.entry }

// SelectAll selects the text, so that typing replaces it.
func (f *Field) SelectAll() { f.entry.TypedShortcut(&fyne.ShortcutSelectAll{}) }

func (f *Field) handleChange() {
	f.showValidity()
	callIfSet(f.OnChanged)
}

func (f *Field) showValidity() {
	f.problem = ""
	if f.Check != nil {
		f.problem = f.Check(f.entry.Text)
	}
	f.touched = f.touched || f.entry.Text != ""
	if f.problem == "" || !f.touched {
		f.noteLine.SetColor(theme.ColorNamePlaceHolder)
		f.noteLine.Set(f.hint)
		return
	}
	f.noteLine.SetColor(theme.ColorNameError)
	f.noteLine.Set(f.problem)
}

// CreateRenderer implements fyne.Widget.
func (f *Field) CreateRenderer() fyne.WidgetRenderer {
	// Reserve space for the note if it can ever have text, so that nothing moves.
	f.noteLine.Hidden = f.hint == "" && f.Check == nil
	return widget.NewSimpleRenderer(container.New(rowLayout(4), f.label, f.entry, f.noteLine))
}

type fieldEntry struct {
	widget.Entry

	field       *Field
	onFocusLost func() // may be nil
}

// FocusLost implements fyne.Focusable.
func (e *fieldEntry) FocusLost() {
	e.Entry.FocusLost()
	callIfSet(e.onFocusLost)
}

// TypedKey implements fyne.Focusable.
func (e *fieldEntry) TypedKey(key *fyne.KeyEvent) {
	if key.Name == fyne.KeyEscape {
		callIfSet(e.field.OnEscape)
		return
	}
	e.Entry.TypedKey(key)
}

package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// A Field is a labelled entry whose text is checked at every key; what is
// wrong with it stands right below, once there was a text.
type Field struct {
	widget.BaseWidget

	// Check returns what is wrong with the text, or "". May be nil.
	Check func(text string) string
	// OnChanged is called after every change, once the text has been checked.
	OnChanged func()
	// OnSubmit is called by Return, OnEscape by Escape.
	OnSubmit, OnEscape func()

	label *Line
	entry *fieldEntry
	note  *Line
	hint  string
	wrong string
	begun bool // there was a text
}

// NewField returns a field. The hint stands below it while nothing is wrong;
// unit, which may be empty, stands right of the entry.
func NewField(label, text, hint, unit string) *Field {
	f := &Field{label: NewLine(label), note: NewCaption(hint), hint: hint}
	f.entry = &fieldEntry{field: f}
	f.entry.ExtendBaseWidget(f.entry)
	f.entry.Text = text
	if unit != "" {
		mark := NewCaption(unit)
		mark.Whole = true
		f.entry.ActionItem = container.NewCenter(container.NewHBox(mark, gap(8)))
	}
	f.entry.OnChanged = func(string) { f.check() }
	f.entry.OnSubmitted = func(string) {
		if f.OnSubmit != nil {
			f.OnSubmit()
		}
	}
	f.ExtendBaseWidget(f)
	return f
}

// Text is the text as typed.
func (f *Field) Text() string { return f.entry.Text }

// SetText changes the text and checks it.
func (f *Field) SetText(text string) { f.entry.SetText(text) }

// SetPlaceHolder sets what an empty entry shows.
func (f *Field) SetPlaceHolder(text string) { f.entry.SetPlaceHolder(text) }

// Valid checks the text and tells whether nothing is wrong with it.
func (f *Field) Valid() bool {
	f.mark()
	return f.wrong == ""
}

// Disable keeps the text from being changed.
func (f *Field) Disable() { f.entry.Disable() }

// Entry is the part that takes the focus.
func (f *Field) Entry() fyne.Focusable { return f.entry }

// SelectAll selects the text, so that typing replaces it.
func (f *Field) SelectAll() { f.entry.TypedShortcut(&fyne.ShortcutSelectAll{}) }

func (f *Field) check() {
	f.mark()
	if f.OnChanged != nil {
		f.OnChanged()
	}
}

func (f *Field) mark() {
	f.wrong = ""
	if f.Check != nil {
		f.wrong = f.Check(f.entry.Text)
	}
	f.begun = f.begun || f.entry.Text != ""
	if f.wrong == "" || !f.begun {
		f.note.SetColor(theme.ColorNamePlaceHolder)
		f.note.Set(f.hint)
		return
	}
	f.note.SetColor(theme.ColorNameError)
	f.note.Set(f.wrong)
}

// CreateRenderer implements fyne.Widget.
func (f *Field) CreateRenderer() fyne.WidgetRenderer {
	// A line that never tells anything takes no room; one that may keeps its.
	f.note.Hidden = f.hint == "" && f.Check == nil
	return widget.NewSimpleRenderer(container.New(rows(4), f.label, f.entry, f.note))
}

type fieldEntry struct {
	widget.Entry

	field *Field
	// onFocusLost may be nil.
	onFocusLost func()
}

// FocusLost implements fyne.Focusable.
func (e *fieldEntry) FocusLost() {
	e.Entry.FocusLost()
	call(e.onFocusLost)
}

// TypedKey implements fyne.Focusable.
func (e *fieldEntry) TypedKey(key *fyne.KeyEvent) {
	if key.Name == fyne.KeyEscape {
		if e.field.OnEscape != nil {
			e.field.OnEscape()
		}
		return
	}
	e.Entry.TypedKey(key)
}

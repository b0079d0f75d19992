package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// A SheetButton is one of a sheet's buttons.
type SheetButton struct {
	Text string
	// Default is pressed by Return. Never make a destructive one the default.
	Default bool
	// Look draws it as the main one, as a warning or as destructive; the default
	// button is drawn as the main one by itself.
	Look     widget.Importance
	OnTapped func()

	button *KeyButton
}

// SetEnabled lets the button be pressed, or not.
func (b *SheetButton) SetEnabled(on bool) {
	if on {
		b.button.Enable()
	} else {
		b.button.Disable()
	}
}

// A Sheet is a question or a form over the window, which waits beneath. Escape
// dismisses it, Return presses the default button.
type Sheet struct {
	// OnDismiss is called when Escape or the dismiss button closed it. May be nil.
	OnDismiss func()

	popup   *widget.PopUp
	layer   fyne.CanvasObject // of the canvas, while the sheet is shown
	canvas  fyne.Canvas
	dismiss *KeyButton
	buttons []*SheetButton
}

// sheetWidth is the width of every sheet.
const sheetWidth = 460

// NewSheet returns a sheet that is not yet shown. The dismiss button, left of
// the others, closes it without doing anything.
func NewSheet(on fyne.Canvas, title string, content fyne.CanvasObject, dismiss string, buttons ...*SheetButton) *Sheet {
	s := &Sheet{canvas: on, buttons: buttons}
	s.dismiss = NewKeyButton(dismiss, nil, s.Dismiss)
	s.dismiss.OnEscape = s.Dismiss
	row := container.New(columns(8), layout.NewSpacer(), s.dismiss)
	for _, b := range buttons {
		b.button = NewKeyButton(b.Text, nil, b.OnTapped)
		b.button.OnEscape = s.Dismiss
		b.button.Importance = b.Look
		if b.Default {
			b.button.Importance = widget.HighImportance
		}
		row.Add(b.button)
	}
	head := NewText(title)
	head.TextStyle.Bold, head.SizeName = true, theme.SizeNameSubHeadingText
	pad := -theme.InnerPadding() // the label's own
	body := container.New(rows(16), container.New(inset(pad, pad), head), content, row)
	s.popup = widget.NewModalPopUp(container.New(inset(20, 24), container.New(wide(sheetWidth), body)), on)
	return s
}

// Show shows the sheet and puts the focus on first, or, when that is nil, on
// the default button, or on the dismiss button if there is none.
func (s *Sheet) Show(first fyne.Focusable) {
	s.popup.Show()
	s.layer = s.canvas.Overlays().Top()
	if first == nil {
		first = s.dismiss
		for _, b := range s.buttons {
			if b.Default {
				first = b.button
			}
		}
	}
	s.canvas.Focus(first)
}

// Close takes the sheet away without calling OnDismiss.
func (s *Sheet) Close() { s.popup.Hide() }

// Shown tells whether the sheet is on the window.
func (s *Sheet) Shown() bool { return s.popup.Visible() }

// OnTop tells whether nothing is over the sheet.
func (s *Sheet) OnTop() bool { return s.Shown() && s.canvas.Overlays().Top() == s.layer }

// Dismiss closes the sheet as Escape does.
func (s *Sheet) Dismiss() {
	s.popup.Hide()
	if s.OnDismiss != nil {
		s.OnDismiss()
	}
}

// Submit presses the default button, if it can be pressed. It dismisses a sheet
// that has none.
func (s *Sheet) Submit() {
	for _, b := range s.buttons {
		if !b.Default {
			continue
		}
		if !b.button.Disabled() {
			b.button.OnTapped()
		}
		return
	}
	s.Dismiss()
}

// TypedKey is for a window's keys that reach no part of the sheet because
// nothing in it has the focus.
func (s *Sheet) TypedKey(key *fyne.KeyEvent) {
	switch key.Name {
	case fyne.KeyEscape:
		s.Dismiss()
	case fyne.KeyReturn, fyne.KeyEnter:
		s.Submit()
	default:
	}
}

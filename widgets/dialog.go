package widgets

import (
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// A DialogButton is a button of a Dialog.
type DialogButton struct {
	Text string
	// Default makes Return press the button. Never set it for a destructive button.
	Default bool
	// Importance shows the button as the main one, as a warning or as destructive. A default
	// button is always shown as the main one.
	Importance widget.Importance
	OnTapped   func()

	button *KeyButton
}

// SetEnabled enables or disables the button, which must belong to a Dialog.
func (b *DialogButton) SetEnabled(on bool) {
	if on {
		b.button.Enable()
	} else {
		b.button.Disable()
	}
}

// A Dialog is a modal dialog with a question or a form. Escape dismisses it; Return presses
// the default button.
type Dialog struct {
	// OnDismiss is called after Escape or the dismiss button has closed the dialog. It may
	// be nil.
	OnDismiss func()

	popup   *widget.PopUp
	layer   fyne.CanvasObject // the overlay, while the dialog is shown
	canvas  fyne.Canvas
	dismiss *KeyButton
	buttons []*DialogButton
}

const dialogWidth = 460

// NewDialog returns a hidden dialog. The dismiss button, left of the others, only closes it.
func NewDialog(on fyne.Canvas, title string, content fyne.CanvasObject, dismiss string, buttons ...*DialogButton) *Dialog {
	d := &Dialog{canvas: on, buttons: buttons}
	d.dismiss = NewKeyButton(dismiss, nil, d.Dismiss)
	d.dismiss.OnEscape = d.Dismiss
	row := container.New(columnLayout(8), layout.NewSpacer(), d.dismiss)
	for _, b := range buttons {
		b.button = NewKeyButton(b.Text, nil, b.OnTapped)
		b.button.OnEscape = d.Dismiss
		b.button.Importance = b.Importance
		if b.Default {
			b.button.Importance = widget.HighImportance
		}
		row.Add(b.button)
	}
	titleLabel := NewText(title)
	titleLabel.TextStyle.Bold, titleLabel.SizeName = true, theme.SizeNameSubHeadingText
	pad := -theme.InnerPadding() // compensates for the label's own padding
	body := container.New(rowLayout(16), container.New(insetLayout(pad, pad), titleLabel), content, row)
	d.popup = widget.NewModalPopUp(container.New(insetLayout(20, 24), container.New(fixedWidth(dialogWidth), body)), on)
	return d
}

// Show shows the dialog and moves the focus to first; if first is nil, to the default button
// or else to the dismiss button.
func (d *Dialog) Show(first fyne.Focusable) {
	d.popup.Show()
	d.layer = d.canvas.Overlays().Top()
	if first == nil {
		first = d.dismiss
		for _, b := range d.buttons {
			if b.Default {
				first = b.button
			}
		}
	}
	d.canvas.Focus(first)
}

// Close closes the dialog without calling OnDismiss.
func (d *Dialog) Close() {
	// Removing an overlay does not unfocus the widget in it: the cursor of a field would keep
	// blinking, and redrawing the window, for a minute.
	overlays := d.canvas.Overlays()
	if slices.Contains(overlays.List(), d.layer) {
		for overlays.Top() != d.layer {
			d.canvas.Unfocus()
			overlays.Remove(overlays.Top())
		}
		d.canvas.Unfocus()
	}
	d.popup.Hide()
}

// Shown reports whether the dialog is open.
func (d *Dialog) Shown() bool { return d.popup.Visible() }

// OnTop reports whether the dialog is open and nothing covers it.
func (d *Dialog) OnTop() bool { return d.Shown() && d.canvas.Overlays().Top() == d.layer }

// Dismiss closes the dialog as Escape does.
func (d *Dialog) Dismiss() {
	d.Close()
	callIfSet(d.OnDismiss)
}

// Submit presses the default button if it is enabled. If there is no default button, Submit
// dismisses the dialog.
func (d *Dialog) Submit() {
	for _, b := range d.buttons {
		if !b.Default {
			continue
		}
		if !b.button.Disabled() {
			b.button.OnTapped()
		}
		return
	}
	d.Dismiss()
}

// TypedKey handles a key that the window received while nothing in the dialog had the focus.
func (d *Dialog) TypedKey(key *fyne.KeyEvent) {
	switch key.Name {
	case fyne.KeyEscape:
		d.Dismiss()
	case fyne.KeyReturn, fyne.KeyEnter:
		d.Submit()
	default:
	}
}

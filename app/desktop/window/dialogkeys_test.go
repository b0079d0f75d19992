package window

import (
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/dialog"

	"vmterminal/widgets"
)

// focusIn focuses the first matching widget in the topmost dialog.
func (d *desk) focusIn(is func(fyne.Focusable) bool) {
	d.t.Helper()
	var found fyne.Focusable
	walk(d.win.Canvas().Overlays().Top(), func(o fyne.CanvasObject) {
		if f, ok := o.(fyne.Focusable); ok && found == nil && is(f) {
			found = f
		}
	})
	if found == nil {
		d.t.Fatal("no matching widget in the dialog")
	}
	d.win.Canvas().Focus(found)
}

func anyOf[T fyne.Focusable](f fyne.Focusable) bool { _, is := f.(T); return is }

// TestEscapeFromEveryPartOfDialog checks that Escape closes a dialog no matter which widget has
// the focus.
func TestEscapeFromEveryPartOfDialog(t *testing.T) {
	for part, is := range map[string]func(fyne.Focusable) bool{
		"field":  anyOf[*widgets.KeySelect],
		"check":  anyOf[*widgets.KeyCheck],
		"button": func(f fyne.Focusable) bool { b, ok := f.(*widgets.KeyButton); return ok && b.Text == "Add folder…" },
	} {
		t.Run(part, func(t *testing.T) {
			svc := stopped("dev")
			svc.vms[0].CPUs, svc.vms[0].MemoryMB, svc.vms[0].Accel = 2, 512, "auto"
			d := open(t, svc)
			v, _ := d.selected()
			d.vmDialogs.askSettings(v)
			d.awaitDialog("Settings of dev")
			d.focusIn(is)
			d.key(fyne.KeyEscape)
			d.requireNoDialog()
		})
	}
}

// TestReturnInSelectSubmits checks that Return in the list of systems creates the VM.
func TestReturnInSelectSubmits(t *testing.T) {
	d := open(t, stopped("dev"))
	d.menu(key(fyne.KeyN))
	d.awaitDialog("New VM")
	d.focusIn(anyOf[*widgets.KeySelect])
	d.key(fyne.KeyReturn)
	d.requireNoDialog()
	d.until("the VM", func() bool { return d.svc.hasCalled("CreateVM default") })
}

// TestEscapeClosesFileDialogOnly checks that Escape closes a file dialog but not the dialog
// below it.
func TestEscapeClosesFileDialogOnly(t *testing.T) {
	d := open(t, snapshotted(stopped("dev"), "one"))
	v, _ := d.selected()
	d.snapshotDialogs.askImport(v)
	d.awaitDialog("Import a snapshot into dev")
	dialog.NewFileOpen(nil, d.win).Show()
	d.win.Canvas().Unfocus()
	d.key(fyne.KeyEscape)
	d.awaitDialog("Import a snapshot into dev")
	if !d.modal.dialogs[0].OnTop() {
		t.Error("the file dialog is still open")
	}
	d.key(fyne.KeyEscape)
	d.requireNoDialog()
}

//go:build !nogui

package desktop

import (
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/dialog"

	"vmterminal/widgets"
)

// focusIn puts the focus on the first part of the sheet on top that is one.
func (d *desk) focusIn(is func(fyne.Focusable) bool) {
	d.t.Helper()
	var found fyne.Focusable
	walk(d.win.Canvas().Overlays().Top(), func(o fyne.CanvasObject) {
		if f, ok := o.(fyne.Focusable); ok && found == nil && is(f) {
			found = f
		}
	})
	if found == nil {
		d.t.Fatal("there is nothing of that kind")
	}
	d.win.Canvas().Focus(found)
}

func anyOf[T fyne.Focusable](f fyne.Focusable) bool { _, is := f.(T); return is }

// TestEscapeFromEveryPartOfASheet: whatever has the focus, Escape dismisses.
func TestEscapeFromEveryPartOfASheet(t *testing.T) {
	for part, is := range map[string]func(fyne.Focusable) bool{
		"field":  anyOf[*widgets.KeySelect],
		"check":  anyOf[*widgets.KeyCheck],
		"button": func(f fyne.Focusable) bool { b, ok := f.(*widgets.KeyButton); return ok && b.Text == "Add folder…" },
	} {
		t.Run(part, func(t *testing.T) {
			svc := stopped("dev")
			svc.vms[0].CPUs, svc.vms[0].MemoryMB, svc.vms[0].Accel = 2, 512, "auto"
			d := open(t, svc)
			v, _ := d.chosen()
			d.askSettings(v)
			d.sheet("Settings of dev")
			d.focusIn(is)
			d.key(fyne.KeyEscape)
			d.noSheet()
		})
	}
}

// TestReturnOnAChoiceSubmits: Return in the choice of systems creates the VM.
func TestReturnOnAChoiceSubmits(t *testing.T) {
	d := open(t, stopped("dev"))
	d.menu(key(fyne.KeyN))
	d.sheet("New VM")
	d.focusIn(anyOf[*widgets.KeySelect])
	d.key(fyne.KeyReturn)
	d.noSheet()
	d.until("the VM", func() bool { return d.svc.hasCalled("CreateVM default") })
}

// TestEscapeClosesTheFileDialogOnly leaves the sheet under it as it was.
func TestEscapeClosesTheFileDialogOnly(t *testing.T) {
	d := open(t, snapshotted(stopped("dev"), "one"))
	v, _ := d.chosen()
	d.askImport(v)
	d.sheet("Import a snapshot into dev")
	dialog.NewFileOpen(nil, d.win).Show()
	d.win.Canvas().Unfocus()
	d.key(fyne.KeyEscape)
	d.sheet("Import a snapshot into dev")
	if !d.sheets[0].OnTop() {
		t.Error("the file dialog is still over it")
	}
	d.key(fyne.KeyEscape)
	d.noSheet()
}

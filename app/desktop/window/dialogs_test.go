package window

import (
	"testing"

	"fyne.io/fyne/v2"

	"vmterminal/widgets"
)

func TestLongDialogsFitWindow(t *testing.T) {
	svc := largeStore()
	for i := range svc.snapshots["vm-199"] {
		svc.snapshots["vm-199"][i].Frees = int64(i) << 10
	}
	d := open(t, svc)
	d.win.Resize(fyne.NewSize(900, 440))
	for title, ask := range map[string]func(){"Keyboard shortcuts": d.menuBar.showShortcuts, "Storage": d.storage.askStorage} {
		ask()
		d.awaitDialog(title)
		requireText(t, d.dialogTexts(), "Close")
		walk(d.win.Canvas().Overlays().Top(), func(o fyne.CanvasObject) {
			if b, ok := o.(*widgets.KeyButton); ok && b.Text == "Close" {
				if end := d.app.Driver().AbsolutePositionForObject(b).Y + b.Size().Height; end > 440 {
					t.Errorf("%s: the button ends at %v, below the bottom of the window at 440", title, end)
				}
			}
		})
		if title == "Keyboard shortcuts" {
			for _, want := range []string{"Ctrl+Shift+N", "Menu bar", "Scroll the terminal"} {
				requireText(t, d.dialogTexts(), want)
			}
		}
		if title == "Storage" {
			for _, want := range []string{"180 more…", "492 more…", "snapshot-499"} {
				requireText(t, d.dialogTexts(), want)
			}
		}
		d.key(fyne.KeyEscape)
	}
}

//go:build !nogui

package desktop

import (
	"testing"

	"fyne.io/fyne/v2"

	"vmterminal/widgets"
)

func TestLongSheetsEndInTheWindow(t *testing.T) {
	svc := crowd()
	for i := range svc.snapshots["vm-199"] {
		svc.snapshots["vm-199"][i].Frees = int64(i) << 10
	}
	d := open(t, svc)
	d.win.Resize(fyne.NewSize(900, 440))
	for title, ask := range map[string]func(){"Keys": d.tellKeys, "Storage": d.askStorage} {
		ask()
		d.sheet(title)
		sees(t, d.sheetTexts(), "Close")
		walk(d.win.Canvas().Overlays().Top(), func(o fyne.CanvasObject) {
			if b, ok := o.(*widgets.KeyButton); ok && b.Text == "Close" {
				if end := d.app.Driver().AbsolutePositionForObject(b).Y + b.Size().Height; end > 440 {
					t.Errorf("%s: the button ends at %v of 440", title, end)
				}
			}
		})
		if title == "Keys" {
			for _, says := range []string{"Ctrl+Shift+N", "The menus above", "Scroll through the terminal's text"} {
				sees(t, d.sheetTexts(), says)
			}
		}
		if title == "Storage" {
			for _, says := range []string{"180 more…", "492 more…", "snapshot-499"} {
				sees(t, d.sheetTexts(), says)
			}
		}
		d.key(fyne.KeyEscape)
	}
}

//go:build !nogui

package desktop

import (
	"context"
	"path/filepath"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/storage"

	"vmterminal/app"
	"vmterminal/widgets"
)

// askImport asks for the file or address of a snapshot to add to a VM's.
func (w *window) askImport(v app.VM) { w.askImportOf(v, "") }

func (w *window) askImportOf(v app.VM, path string) {
	from := widgets.NewField(textFileOrAddress(), path, textImportHint(), "")
	from.Check = wrongSource
	name := widgets.NewField(textName(), "", textImportName(), "")
	name.Check = func(text string) string {
		if strings.TrimSpace(text) == "" {
			return ""
		}
		return wrongName(typedName(text), w.snapshotNames())
	}
	choose := widgets.NewKeyButton(textDots(textChooseFile()), nil, func() { w.chooseFile(from.SetText) })
	form := container.New(layout.NewCustomPaddedVBoxLayout(10), from, container.NewHBox(choose), name)
	var s *widgets.Sheet
	add := &widgets.SheetButton{Text: textImport(), Default: true, OnTapped: func() {
		source, as := expandHome(from.Text()), typedName(strings.TrimSpace(name.Text()))
		w.closeSheet(s)
		w.runJob(func(context.Context) (*app.Job, error) { return w.svc.ImportSnapshot(v.Name, source, as) })
	}}
	s = w.openSheet(textImportTitle(v.Name), form, textCancel(), from.Entry(), add)
	submitBy(s, from, name)
	enableWhenValid(add, from, name)
}

// chooseFile lets the person find a file; nothing is read here.
func (w *window) chooseFile(chosen func(path string)) {
	d := dialog.NewFileOpen(func(r fyne.URIReadCloser, err error) {
		if err == nil && r != nil {
			r.Close() // nothing was read
			chosen(r.URI().Path())
		}
	}, w.win)
	d.SetFilter(storage.NewExtensionFileFilter([]string{".gz"}))
	d.Show()
}

// wrongSource says what is wrong with a file or address to read from, or "".
func wrongSource(text string) string {
	if text = expandHome(text); !app.IsAddress(text) && !filepath.IsAbs(text) {
		return textWholePath()
	}
	return ""
}

// dropped takes files dragged onto the window: each would be a snapshot of the
// VM on it, asked for one at a time.
func (w *window) dropped(_ fyne.Position, files []fyne.URI) {
	v, ok := w.chosen()
	if !ok || len(files) == 0 || w.win.Canvas().Overlays().Top() != nil || !w.canChange(v) {
		return
	}
	w.askImportOf(v, files[0].Path())
}

package window

import (
	"context"
	"path/filepath"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/storage"

	"vmterminal/app"
	"vmterminal/app/desktop/words"
	"vmterminal/app/job"
	"vmterminal/widgets"
)

// askImport asks for the file or URL of a snapshot to import into a VM.
func (sd *snapshotDialogs) askImport(v app.VM) { sd.openImport(v, "") }

func (sd *snapshotDialogs) openImport(v app.VM, path string) {
	from := widgets.NewField(lang.L("File or URL"), path, lang.L("A .raw.gz file or an http(s):// address. It is fully verified before it is listed"), "")
	from.Check = sourceProblem
	name := widgets.NewField(lang.L("Name"), "", lang.L("Leave empty to use the name in the file"), "")
	name.Check = func(text string) string {
		if strings.TrimSpace(text) == "" {
			return ""
		}
		return words.NameProblem(typedName(text), sd.snapshotNames())
	}
	choose := widgets.NewKeyButton(lang.L("Choose a file")+"…", nil, func() { sd.chooseFile(from.SetText) })
	form := container.New(layout.NewCustomPaddedVBoxLayout(10), from, container.NewHBox(choose), name)
	var d *widgets.Dialog
	add := &widgets.DialogButton{Text: lang.L("Import"), Default: true, OnTapped: func() {
		source, as := expandHome(from.Text()), typedName(strings.TrimSpace(name.Text()))
		sd.modal.closeDialog(d)
		runJob(sd.jobs, words.ImportDone, func(context.Context) (*job.Job[app.Snapshot], error) {
			return sd.svc.ImportSnapshot(v.Name, source, as)
		})
	}}
	d = sd.modal.openDialog(lang.L("Import a snapshot into {{.VM}}", words.Values{"VM": v.Name}), form, lang.L("Cancel"), from.Entry(), add)
	submitBy(d, from, name)
	enableWhenValid(add, from, name)
}

// chooseFile lets the user select a file. It does not read the file.
func (sd *snapshotDialogs) chooseFile(onSelect func(path string)) {
	d := dialog.NewFileOpen(func(r fyne.URIReadCloser, err error) {
		if err == nil && r != nil {
			r.Close() // nothing was read
			onSelect(r.URI().Path())
		}
	}, sd.win)
	d.SetFilter(storage.NewExtensionFileFilter([]string{".gz"}))
	d.Show()
}

// sourceProblem returns why a file or URL to import is invalid, or "".
func sourceProblem(text string) string {
	if text = expandHome(text); !app.IsAddress(text) && !filepath.IsAbs(text) {
		return lang.L("Enter a full path, starting with / or ~/")
	}
	return ""
}

// onDropped opens the import dialog for the first of the files dragged onto the window.
func (sd *snapshotDialogs) onDropped(_ fyne.Position, files []fyne.URI) {
	v, ok := sd.selected()
	if !ok || len(files) == 0 || sd.hasOverlay() || !sd.jobs.canChange(v) {
		return
	}
	sd.openImport(v, files[0].Path())
}

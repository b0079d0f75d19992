package window

import (
	"context"
	"os"
	"path/filepath"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/layout"

	"vmterminal/app"
	"vmterminal/app/desktop/words"
	"vmterminal/app/job"
	"vmterminal/widgets"
)

// askExport asks for the file to export a snapshot to. It does not use Fyne's save dialog,
// which truncates an existing file before anything is written.
func (sd *snapshotDialogs) askExport(v app.VM, s app.Snapshot) {
	file := widgets.NewField(lang.L("File"), filepath.Join(downloads(), app.ExportName(v.Name, s.Name)), lang.L("A plain gzip file. Any gzip tool can decompress it to the disk"), "")
	file.Check = func(text string) string {
		if !filepath.IsAbs(expandHome(text)) {
			return lang.L("Enter a full path, starting with / or ~/")
		}
		return ""
	}
	folder := widgets.NewKeyButton(lang.L("Choose a folder")+"…", nil, func() {
		dialog.ShowFolderOpen(func(u fyne.ListableURI, err error) {
			if err == nil && u != nil {
				file.SetText(filepath.Join(u.Path(), filepath.Base(file.Text())))
			}
		}, sd.win)
	})
	form := container.New(layout.NewCustomPaddedVBoxLayout(10), file, container.NewHBox(folder))
	var d *widgets.Dialog
	export := &widgets.DialogButton{Text: lang.L("Export"), Default: true, OnTapped: func() {
		path := expandHome(file.Text())
		sd.modal.closeDialog(d)
		runJob(sd.jobs, words.ExportDone, func(ctx context.Context) (*job.Job[app.Snapshot], error) {
			return sd.svc.ExportSnapshotFile(ctx, v.Name, s.Name, path)
		})
	}}
	d = sd.modal.openDialog(lang.L("Export “{{.Name}}”", words.Values{"Name": s.Name}), form, lang.L("Cancel"), file.Entry(), export)
	submitBy(d, file)
	enableWhenValid(export, file)
}

// downloads returns the user's folder for downloads.
func downloads() string {
	home, err := os.UserHomeDir()
	if err != nil {
		return os.TempDir()
	}
	for _, dir := range []string{os.Getenv("XDG_DOWNLOAD_DIR"), filepath.Join(home, "Downloads")} {
		if st, err := os.Stat(dir); dir != "" && err == nil && st.IsDir() {
			return dir
		}
	}
	return home
}

// expandHome replaces ~/ at the start of a path with the home folder.
func expandHome(path string) string {
	path = strings.TrimSpace(path)
	if rest, ok := strings.CutPrefix(path, "~/"); ok {
		if home, err := os.UserHomeDir(); err == nil {
			return filepath.Join(home, rest)
		}
	}
	return path
}

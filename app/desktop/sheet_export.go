//go:build !nogui

package desktop

import (
	"context"
	"os"
	"path/filepath"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/layout"

	"vmterminal/app"
	"vmterminal/app/ondisk"
	"vmterminal/widgets"
)

// askExport asks where a copy of a snapshot's file shall go. It is a sheet of
// ours around Fyne's folder dialog: Fyne's own for saving empties a file that is
// there before anything is written.
func (w *window) askExport(v app.VM, s app.Snapshot) {
	file := widgets.NewField(textFile(), filepath.Join(downloads(), v.Name+"-"+s.Name+ondisk.SnapshotSuffix), textExportHint(), "")
	file.Check = func(text string) string {
		if !filepath.IsAbs(expandHome(text)) {
			return textWholePath()
		}
		return ""
	}
	folder := widgets.NewKeyButton(textDots(textChooseFolder()), nil, func() {
		dialog.ShowFolderOpen(func(u fyne.ListableURI, err error) {
			if err == nil && u != nil {
				file.SetText(filepath.Join(u.Path(), filepath.Base(file.Text())))
			}
		}, w.win)
	})
	form := container.New(layout.NewCustomPaddedVBoxLayout(10), file, container.NewHBox(folder))
	var sheet *widgets.Sheet
	export := &widgets.SheetButton{Text: textExport(), Default: true, OnTapped: func() {
		path := expandHome(file.Text())
		w.closeSheet(sheet)
		w.runJob(func(ctx context.Context) (*app.Job, error) {
			return w.svc.ExportSnapshotFile(ctx, v.Name, s.Name, path)
		})
	}}
	sheet = w.openSheet(textExportTitle(s.Name), form, textCancel(), file.Entry(), export)
	submitBy(sheet, file)
	enableWhenValid(export, file)
}

// downloads is where files that people take away usually go.
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

// expandHome is a typed path with ~ as a shell has it.
func expandHome(path string) string {
	path = strings.TrimSpace(path)
	if rest, ok := strings.CutPrefix(path, "~/"); ok {
		if home, err := os.UserHomeDir(); err == nil {
			return filepath.Join(home, rest)
		}
	}
	return path
}

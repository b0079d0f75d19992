//go:build !nogui

package desktop

import (
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"vmterminal/app"
	"vmterminal/widgets"
)

// sharesForm is the shared folders in a VM's settings.
type sharesForm struct {
	list []app.Share
	rows *fyne.Container
	body fyne.CanvasObject
	// wrong tells why a folder that was chosen is not in the list.
	wrong *widgets.Line
}

func newSharesForm(w *window, v app.VM) *sharesForm {
	f := &sharesForm{
		list:  slices.Clone(v.Shares),
		rows:  container.New(layout.NewCustomPaddedVBoxLayout(2)),
		wrong: widgets.NewCaption(""),
	}
	f.wrong.SetColor(theme.ColorNameError)
	f.wrong.Hide()
	add := widgets.NewKeyButton(textDots(textAddFolder()), nil, func() { w.chooseFolder(f.add) })
	head := container.NewBorder(nil, nil, nil, add, widgets.NewMiddle(widgets.NewLine(textShares())))
	f.body = container.New(layout.NewCustomPaddedVBoxLayout(4), head, f.rows, f.wrong)
	f.draw()
	return f
}

// chooseFolder lets the person find a folder.
func (w *window) chooseFolder(chosen func(path string)) {
	dialog.ShowFolderOpen(func(u fyne.ListableURI, err error) {
		if err == nil && u != nil {
			chosen(u.Path())
		}
	}, w.win)
}

// add has a folder shared besides, for the guest to change too.
func (f *sharesForm) add(path string) {
	s, err := app.ParseShare(path + ":rw") // or else a name that ends in :ro would be taken for more than a name
	if err == nil {
		err = app.CheckShares(append(slices.Clone(f.list), s))
	}
	f.wrong.Hidden = err == nil
	if err != nil {
		f.wrong.Set(app.Explain(err).Detail)
	} else if !slices.ContainsFunc(f.list, func(old app.Share) bool { return old.Path == s.Path }) {
		f.list = append(f.list, s)
	}
	f.draw()
}

func (f *sharesForm) draw() {
	f.rows.RemoveAll()
	for i := range f.list {
		f.rows.Add(f.row(&f.list[i]))
	}
	if len(f.list) == 0 {
		f.rows.Add(widgets.NewCaption(textNoShares()))
	}
	f.body.Refresh()
}

func (f *sharesForm) row(s *app.Share) fyne.CanvasObject {
	path := widgets.NewLine(app.Plain(s.Path))
	about := widgets.NewCaption(textShareAt(app.Plain(s.GuestDir)))
	if s.Problem != "" {
		about.Set(textShareMissing(s.Problem))
		about.SetColor(theme.ColorNameWarning)
	}
	readOnly := widgets.NewKeyCheck(textReadOnly(), func(on bool) { s.ReadOnly = on })
	readOnly.Checked = s.ReadOnly
	gone := s.Path
	remove := widgets.NewKeyButton(textRemove(), nil, func() {
		f.list = slices.DeleteFunc(f.list, func(o app.Share) bool { return o.Path == gone })
		f.draw()
	})
	remove.Importance = widget.LowImportance
	text := container.New(layout.NewCustomPaddedVBoxLayout(1), path, about)
	return container.NewBorder(nil, nil, nil, container.NewHBox(readOnly, remove), widgets.NewMiddle(text))
}

// change adds to settings what the form has otherwise than the VM.
func (f *sharesForm) change(v app.VM, to *app.VMSettings) {
	for _, s := range v.Shares {
		if !slices.ContainsFunc(f.list, func(o app.Share) bool { return o.Path == s.Path }) {
			to.Unshare = append(to.Unshare, s.Path)
		}
	}
	for _, s := range f.list {
		if !slices.ContainsFunc(v.Shares, func(o app.Share) bool { return o.Path == s.Path && o.ReadOnly == s.ReadOnly }) {
			to.Share = append(to.Share, s)
		}
	}
}

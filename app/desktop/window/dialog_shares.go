package window

import (
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"vmterminal/app"
	"vmterminal/app/desktop/words"
	"vmterminal/widgets"
)

// sharesForm contains the shared folders of the settings dialog.
type sharesForm struct {
	list []app.Share
	rows *fyne.Container
	body fyne.CanvasObject
	// problem shows why a selected folder cannot be shared.
	problem *widgets.Line
}

func newSharesForm(chooseFolder func(onSelect func(path string)), v app.VM) *sharesForm {
	f := &sharesForm{
		list:    slices.Clone(v.Shares),
		rows:    container.New(layout.NewCustomPaddedVBoxLayout(2)),
		problem: widgets.NewCaption(""),
	}
	f.problem.SetColor(theme.ColorNameError)
	f.problem.Hide()
	add := widgets.NewKeyButton(lang.L("Add folder")+"…", nil, func() { chooseFolder(f.add) })
	head := container.NewBorder(nil, nil, nil, add, widgets.NewMiddle(widgets.NewLine(lang.L("Shared folders"))))
	f.body = container.New(layout.NewCustomPaddedVBoxLayout(4), head, f.rows, f.problem)
	f.draw()
	return f
}

// chooseFolder lets the user select a folder.
func (vd *vmDialogs) chooseFolder(onSelect func(path string)) {
	dialog.ShowFolderOpen(func(u fyne.ListableURI, err error) {
		if err == nil && u != nil {
			onSelect(u.Path())
		}
	}, vd.win)
}

// add adds a writable share of a folder.
func (f *sharesForm) add(path string) {
	s, err := app.ParseShare(path + ":rw") // ":rw" ensures that a folder whose name ends in ":ro" is parsed correctly
	if err == nil {
		err = app.CheckShares(append(slices.Clone(f.list), s))
	}
	f.problem.Hidden = err == nil
	if err != nil {
		f.problem.Set(app.Explain(err).Cause)
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
		f.rows.Add(widgets.NewCaption(lang.L("No folders are shared with the guest.")))
	}
	f.body.Refresh()
}

func (f *sharesForm) row(s *app.Share) fyne.CanvasObject {
	path := widgets.NewLine(app.Plain(s.Path))
	about := widgets.NewCaption(lang.L("{{.Dir}} in the guest", words.Values{"Dir": app.Plain(s.GuestDir)}))
	if problem := words.ShareProblem(s.Problem); problem != "" {
		about.Set(lang.L("Unavailable: {{.Why}}", words.Values{"Why": problem}))
		about.SetColor(theme.ColorNameWarning)
	}
	readOnly := widgets.NewKeyCheck(lang.L("Read-only"), func(on bool) { s.ReadOnly = on })
	readOnly.Checked = s.ReadOnly
	removed := s.Path
	remove := widgets.NewKeyButton(lang.L("Remove"), nil, func() {
		f.list = slices.DeleteFunc(f.list, func(o app.Share) bool { return o.Path == removed })
		f.draw()
	})
	remove.Importance = widget.LowImportance
	text := container.New(layout.NewCustomPaddedVBoxLayout(1), path, about)
	return container.NewBorder(nil, nil, nil, container.NewHBox(readOnly, remove), widgets.NewMiddle(text))
}

// addChanges adds the changes made in the form to the settings.
func (f *sharesForm) addChanges(v app.VM, to *app.VMSettings) {
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

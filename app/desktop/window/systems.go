package window

import (
	"context"
	"unicode"
	"unicode/utf8"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/widget"

	"vmterminal/app"
	"vmterminal/app/desktop/words"
	"vmterminal/app/job"
	"vmterminal/widgets"
)

// system is an operating system that a new VM can be created with.
type system struct {
	label, about string
	// catalog is the name in the catalog, or "".
	catalog string
	// create starts the job that creates a VM. It must not be called on the main goroutine.
	create func(ctx context.Context, n app.NewVM) (*job.Job[app.VM], error)
	// byFile is set if a file or URL is needed.
	byFile bool
}

// systems returns the systems to select from. The first is the built-in guest; its create is
// nil, since it needs no job.
func (vd *vmDialogs) systems(catalog []app.System) []system {
	list := []system{{label: lang.L("Built-in Linux"), about: lang.L("Small and ready at once, no download")}}
	for _, s := range catalog {
		list = append(list, system{label: lang.L("{{.Name}} cloud image", words.Values{"Name": capital(s.Name)}), about: s.About, catalog: s.Name, create: vd.svc.CreateFromImage})
	}
	return append(list,
		system{label: lang.L("Debian, built from packages"), about: lang.L("Takes some minutes the first time. Uses this computer's package mirror"), create: func(ctx context.Context, n app.NewVM) (*job.Job[app.VM], error) {
			return vd.svc.CreateDebian(ctx, n, "")
		}},
		system{label: lang.L("Custom image"), about: lang.L("Raw, qcow2, VMDK, VDI, VHD, VHDX or OVA"), byFile: true, create: vd.svc.CreateFromImage})
}

func capital(word string) string {
	first, n := utf8.DecodeRuneInString(word)
	return string(unicode.ToUpper(first)) + word[n:]
}

// systemForm contains the fields for the system of a new VM.
type systemForm struct {
	all      []system
	selected int
	list     *widgets.KeySelect
	about    *widgets.Line
	file     *widgets.Field
	uefi     *widgets.KeyCheck
	body     *fyne.Container
	onSelect func()
}

func newSystemForm(all []system) *systemForm {
	f := &systemForm{all: all, about: widgets.NewCaption("")}
	labels := make([]string, len(f.all))
	for i, s := range f.all {
		labels[i] = s.label
	}
	f.file = widgets.NewField(lang.L("File or URL"), "", "", "")
	f.file.Check = func(text string) string {
		if f.all[f.selected].byFile {
			return sourceProblem(text)
		}
		return ""
	}
	f.uefi = widgets.NewKeyCheck(lang.L("Boot with UEFI (detected automatically for UEFI-only images)"), nil)
	f.list = widgets.NewKeySelect(labels, nil)
	f.list.SetSelectedIndex(0)
	f.list.OnChanged = func(string) { f.selectSystem(f.list.SelectedIndex()) }
	label := container.New(layout.NewCustomPaddedVBoxLayout(4), widgets.NewLine(lang.L("System")), f.list, f.about)
	f.body = container.New(layout.NewCustomPaddedVBoxLayout(12), label, f.file, f.uefi)
	f.selectSystem(0)
	return f
}

func (f *systemForm) selectSystem(at int) {
	f.selected = at
	f.about.Set(f.all[at].about)
	if f.all[at].byFile {
		f.file.Show()
		f.uefi.Show()
	} else {
		f.file.Hide()
		f.uefi.Hide()
	}
	f.body.Refresh()
	f.file.SetText(f.file.Text()) // validate it again for the new system
	if f.onSelect != nil {
		f.onSelect()
	}
}

// memoryFor returns the suggested memory for the selected system, in MiB.
func (f *systemForm) memoryFor(defaultMB int) int {
	if f.all[f.selected].create == nil {
		return defaultMB
	}
	return max(defaultMB, app.SystemMemoryMB)
}

// createFrom creates a VM with the system selected in a form.
func (vd *vmDialogs) createFrom(f *systemForm, n app.NewVM) {
	selected := f.all[f.selected]
	if selected.create == nil {
		vd.createVM(n)
		return
	}
	if selected.catalog != "" {
		vd.createFromCatalog(selected.catalog, n)
		return
	}
	if selected.byFile {
		n.Image, n.UEFI = expandHome(f.file.Text()), f.uefi.Checked
	}
	runJob(vd.jobs, words.CloneDone, func(ctx context.Context) (*job.Job[app.VM], error) { return selected.create(ctx, n) })
}

// createFromCatalog creates a VM with the current image of a system in the catalog. If there is
// a note about the image, it asks first.
func (vd *vmDialogs) createFromCatalog(system string, n app.NewVM) {
	var found app.FoundImage
	vd.call(func(ctx context.Context) (err error) {
		found, err = vd.svc.FindImage(ctx, system, "")
		return err
	}, func(err error) {
		if vd.modal.showError(err) {
			return
		}
		n.Found = &found
		create := func() {
			runJob(vd.jobs, words.CloneDone, func(ctx context.Context) (*job.Job[app.VM], error) { return vd.svc.CreateFromImage(ctx, n) })
		}
		if found.Note.Code == "" {
			create()
		} else {
			vd.unlessModal(func() { vd.askImage(n.Name, found, create) })()
		}
	})
}

// askImage shows the note about an image and asks whether to use the image.
func (vd *vmDialogs) askImage(name string, found app.FoundImage, create func()) {
	var d *widgets.Dialog
	use := &widgets.DialogButton{Text: lang.L("Create"), Importance: widget.WarningImportance, OnTapped: func() {
		vd.modal.closeDialog(d)
		create()
	}}
	d = vd.modal.openDialog(lang.L("Create {{.VM}} from this image?", words.Values{"VM": name}), paragraph(words.ImageNote(found)), lang.L("Cancel"), nil, use)
}

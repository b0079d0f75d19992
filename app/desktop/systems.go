//go:build !nogui

package desktop

import (
	"context"
	"unicode"
	"unicode/utf8"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"

	"vmterminal/app"
	"vmterminal/widgets"
)

// system is one of the systems that a new VM can be made with.
type system struct {
	label, about string
	// create begins to make a VM of it. Not for the main goroutine.
	create func(ctx context.Context, n app.NewVM) (*app.Job, error)
	// byFile needs a file or address.
	byFile bool
}

// systems are what there is to choose from, the built-in guest first: its create
// is nil, for it is there at once.
func (w *window) systems(catalogue []app.System) []system {
	list := []system{{label: textBuiltin(), about: textBuiltinAbout()}}
	for _, s := range catalogue {
		list = append(list, system{label: textImageOf(capital(s.Name)), about: s.About, create: func(ctx context.Context, n app.NewVM) (*app.Job, error) {
			found, err := w.svc.FindImage(ctx, s.Name, "")
			if err != nil {
				return nil, err
			}
			n.Found = &found
			return w.svc.CreateFromImage(ctx, n)
		}})
	}
	return append(list,
		system{label: textDebianPackages(), about: textDebianPackagesAbout(), create: func(ctx context.Context, n app.NewVM) (*app.Job, error) {
			return w.svc.CreateDebian(ctx, n, "")
		}},
		system{label: textOwnImage(), about: textOwnImageAbout(), byFile: true, create: w.svc.CreateFromImage})
}

func capital(word string) string {
	first, n := utf8.DecodeRuneInString(word)
	return string(unicode.ToUpper(first)) + word[n:]
}

// systemForm asks which system a new VM gets.
type systemForm struct {
	all      []system
	chosen   int
	choice   *widgets.KeySelect
	about    *widgets.Line
	file     *widgets.Field
	uefi     *widgets.KeyCheck
	body     *fyne.Container
	onChosen func()
}

func newSystemForm(all []system) *systemForm {
	f := &systemForm{all: all, about: widgets.NewCaption("")}
	labels := make([]string, len(f.all))
	for i, s := range f.all {
		labels[i] = s.label
	}
	f.file = widgets.NewField(textFileOrAddress(), "", "", "")
	f.file.Check = func(text string) string {
		if f.all[f.chosen].byFile {
			return wrongSource(text)
		}
		return ""
	}
	f.uefi = widgets.NewKeyCheck(textUEFI(), nil)
	f.choice = widgets.NewKeySelect(labels, nil)
	f.choice.SetSelectedIndex(0)
	f.choice.OnChanged = func(string) { f.choose(f.choice.SelectedIndex()) }
	label := container.New(layout.NewCustomPaddedVBoxLayout(4), widgets.NewLine(textSystem()), f.choice, f.about)
	f.body = container.New(layout.NewCustomPaddedVBoxLayout(12), label, f.file, f.uefi)
	f.choose(0)
	return f
}

func (f *systemForm) choose(at int) {
	f.chosen = at
	f.about.Set(f.all[at].about)
	if f.all[at].byFile {
		f.file.Show()
		f.uefi.Show()
	} else {
		f.file.Hide()
		f.uefi.Hide()
	}
	f.body.Refresh()
	f.file.SetText(f.file.Text()) // what is needed of it has changed
	if f.onChosen != nil {
		f.onChosen()
	}
}

// memoryFor is how much the chosen system begins with.
func (f *systemForm) memoryFor(usual int) int {
	if f.all[f.chosen].create == nil {
		return usual
	}
	return max(usual, app.SystemMemoryMB)
}

// createOf makes a VM of the system chosen in a form.
func (w *window) createOf(f *systemForm, n app.NewVM) {
	chosen := f.all[f.chosen]
	if chosen.create == nil {
		w.createVM(n)
		return
	}
	if chosen.byFile {
		n.Image, n.UEFI = expandHome(f.file.Text()), f.uefi.Checked
	}
	w.runJob(func(ctx context.Context) (*app.Job, error) { return chosen.create(ctx, n) })
}

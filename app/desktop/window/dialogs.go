package window

import (
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/widget"

	"vmterminal/app"
	"vmterminal/app/desktop/words"
	"vmterminal/app/problem"
	"vmterminal/widgets"
)

// dialogStack opens dialogs over the window.
type dialogStack struct {
	*toolkit

	// nextStep returns the action that may solve a problem, if there is one.
	nextStep func(problem.Problem) (action, bool)
	// dialogs are the open dialogs, the topmost last.
	dialogs []*widgets.Dialog
}

// openDialog shows and returns a new dialog. first gets the focus; see
// [widgets.Dialog.Show].
func (ds *dialogStack) openDialog(title string, content fyne.CanvasObject, dismiss string, first fyne.Focusable, buttons ...*widgets.DialogButton) *widgets.Dialog {
	d := widgets.NewDialog(ds.win.Canvas(), title, content, dismiss, buttons...)
	d.OnDismiss = func() { ds.removeDialog(d) }
	ds.dialogs = append(ds.dialogs, d)
	d.Show(first)
	return d
}

// closeDialog closes a dialog.
func (ds *dialogStack) closeDialog(d *widgets.Dialog) {
	d.Close()
	ds.removeDialog(d)
}

func (ds *dialogStack) removeDialog(d *widgets.Dialog) {
	ds.dialogs = slices.DeleteFunc(ds.dialogs, func(o *widgets.Dialog) bool { return o == d })
	if len(ds.dialogs) == 0 {
		ds.focusMain()
	}
}

// closeAll closes all dialogs.
func (ds *dialogStack) closeAll() {
	for len(ds.dialogs) > 0 {
		ds.closeDialog(ds.dialogs[len(ds.dialogs)-1])
	}
}

// submitBy makes Return in the fields press the dialog's default button, and Escape close
// the dialog.
func submitBy(d *widgets.Dialog, fields ...*widgets.Field) {
	for _, f := range fields {
		f.OnSubmit, f.OnEscape = d.Submit, d.Dismiss
	}
}

// paragraph returns text for a dialog.
func paragraph(text string) fyne.CanvasObject { return widgets.NewParagraph(widgets.NewText(text)) }

// dialogChromeHeight is the height of a dialog without its rows, plus one line of text.
const dialogChromeHeight = 210

// scrollable returns rows for a dialog. They scroll if the window is not tall enough to show
// them all.
func (ds *dialogStack) scrollable(rows fyne.CanvasObject) fyne.CanvasObject {
	rows = container.New(layout.NewCustomPaddedLayout(0, 0, 0, 14), rows)
	maxHeight := max(0, ds.win.Canvas().Size().Height-dialogChromeHeight)
	return container.New(scrollLayout{rows, maxHeight}, container.NewVScroll(rows))
}

// scrollLayout lays out a scroll container that is as high as its content, up to a maximum.
type scrollLayout struct {
	rows      fyne.CanvasObject
	maxHeight float32
}

func (s scrollLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) { objects[0].Resize(size) }

func (s scrollLayout) MinSize([]fyne.CanvasObject) fyne.Size {
	size := s.rows.MinSize()
	return fyne.NewSize(size.Width, min(s.maxHeight, size.Height))
}

// showMessage shows a message with a Close button.
func (ds *dialogStack) showMessage(title, text string) {
	ds.openDialog(title, paragraph(text), lang.L("Close"), nil)
}

// showError shows what failed, the state of the disk, a hint, and a button for the next step if
// the window has one. It returns false and shows nothing if err is nil or the window is closing.
func (ds *dialogStack) showError(err error) bool {
	if err == nil || ds.ctx.Err() != nil {
		return false
	}
	explained := app.Explain(err)
	p := words.Problem(explained)
	body := container.NewVBox(paragraph(p.Detail))
	if p.Disk != "" {
		body.Add(paragraph(p.Disk))
	}
	if p.Hint != "" {
		hint := widgets.NewText(p.Hint)
		hint.Importance = widget.HighImportance
		body.Add(widgets.NewParagraph(hint))
	}
	copyDetails := &widgets.DialogButton{Text: lang.L("Copy details"), OnTapped: func() {
		ds.app.Clipboard().SetContent(words.EnglishProblem(explained).Line()) // in English, for bug reports
	}}
	buttons := []*widgets.DialogButton{copyDetails}
	var d *widgets.Dialog
	if next, ok := ds.nextStep(explained); ok {
		buttons = append(buttons, &widgets.DialogButton{Text: next.text(), OnTapped: func() {
			ds.closeDialog(d)
			next.do()
		}})
	}
	d = ds.openDialog(p.Title, body, lang.L("Close"), nil, buttons...)
	return true
}

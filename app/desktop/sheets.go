//go:build !nogui

package desktop

import (
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/widget"

	"vmterminal/app"
	"vmterminal/widgets"
)

// openSheet shows a question over the window and returns what closes it.
func (w *window) openSheet(title string, content fyne.CanvasObject, dismiss string, first fyne.Focusable, buttons ...*widgets.SheetButton) *widgets.Sheet {
	s := widgets.NewSheet(w.win.Canvas(), title, content, dismiss, buttons...)
	s.OnDismiss = func() { w.forget(s) }
	w.sheets = append(w.sheets, s)
	s.Show(first)
	return s
}

// closeSheet takes a sheet away.
func (w *window) closeSheet(s *widgets.Sheet) {
	s.Close()
	w.forget(s)
}

func (w *window) forget(s *widgets.Sheet) {
	w.sheets = slices.DeleteFunc(w.sheets, func(o *widgets.Sheet) bool { return o == s })
	if len(w.sheets) == 0 {
		w.focusMain()
	}
}

// submitBy makes Return in any of the fields press the sheet's default button,
// and Escape dismiss it.
func submitBy(s *widgets.Sheet, fields ...*widgets.Field) {
	for _, f := range fields {
		f.OnSubmit, f.OnEscape = s.Submit, s.Dismiss
	}
}

// paragraph is text in a sheet.
func paragraph(text string) fyne.CanvasObject { return widgets.NewParagraph(widgets.NewText(text)) }

// sheetRest is the height of all that a sheet has beside its rows, and of a line
// more.
const sheetRest = 210

// scrolling is rows in a sheet: as high as they are, and scrolled from where the
// window ends.
func (w *window) scrolling(rows fyne.CanvasObject) fyne.CanvasObject {
	rows = container.New(layout.NewCustomPaddedLayout(0, 0, 0, 14), rows)
	most := max(0, w.win.Canvas().Size().Height-sheetRest)
	return container.New(scrollFrom{rows, most}, container.NewVScroll(rows))
}

// scrollFrom lays out a scroll that is as high as what it scrolls, up to a height.
type scrollFrom struct {
	rows fyne.CanvasObject
	most float32
}

func (s scrollFrom) Layout(objects []fyne.CanvasObject, size fyne.Size) { objects[0].Resize(size) }

func (s scrollFrom) MinSize([]fyne.CanvasObject) fyne.Size {
	size := s.rows.MinSize()
	return fyne.NewSize(size.Width, min(s.most, size.Height))
}

// tell shows a text with nothing to decide.
func (w *window) tell(title, text string) {
	w.openSheet(title, paragraph(text), textClose(), nil)
}

// fail shows an error: what failed, in what state the disk is, the next step.
// A nil error shows nothing and returns false.
func (w *window) fail(err error) bool {
	if err == nil || w.ctx.Err() != nil {
		return false
	}
	english := app.Explain(err)
	p := textProblem(english)
	body := container.NewVBox(paragraph(p.Detail))
	if p.Disk != "" {
		body.Add(paragraph(p.Disk))
	}
	if p.Hint != "" {
		hint := widgets.NewText(p.Hint)
		hint.Importance = widget.HighImportance
		body.Add(widgets.NewParagraph(hint))
	}
	copyDetails := &widgets.SheetButton{Text: textCopyDetails(), OnTapped: func() {
		w.app.Clipboard().SetContent(english.Line()) // it goes into reports, which are in English
	}}
	w.openSheet(p.Title, body, textClose(), nil, copyDetails)
	return true
}

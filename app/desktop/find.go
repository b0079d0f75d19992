//go:build !nogui

package desktop

import (
	"strings"

	"fyne.io/fyne/v2"

	"vmterminal/widgets"
	"vmterminal/widgets/console"
)

// buildFind makes the bar below the terminal.
func (w *window) buildFind() fyne.CanvasObject {
	bar := widgets.NewFindBar(textFindHint(), textMatchCase())
	bar.OnChanged = func(string, bool) { w.findAnew() }
	bar.OnStep = func(by int) {
		if w.finding != nil {
			w.finding.FindStep(by)
		}
	}
	bar.OnClose = w.closeFind
	bar.Hide()
	w.parts.find = bar
	return bar
}

// openFind shows the bar, with what is selected in its field.
func (w *window) openFind() {
	_, of, ok := w.tabsOnWindow()
	if !ok {
		return
	}
	bar := w.parts.find
	text := of.shown().terminal.SelectedText()
	if text == "" || strings.ContainsRune(text, '\n') {
		text = bar.Text()
	}
	w.setVisible(bar, true)
	bar.Set(text)
	w.findIn(of.shown().terminal)
	w.focus(bar.Field())
}

func (w *window) closeFind() {
	w.setVisible(w.parts.find, false)
	w.findIn(nil)
	w.focusMain()
}

// findIn moves the search to another terminal; nil ends it.
func (w *window) findIn(t *console.Console) {
	if w.finding == t {
		return
	}
	if w.finding != nil {
		w.finding.OnFound = nil
		w.finding.Find("", false)
	}
	if w.finding = t; t != nil {
		t.OnFound = w.drawFound
		w.findAnew()
	}
}

func (w *window) findAnew() {
	if bar := w.parts.find; w.finding != nil {
		w.finding.Find(bar.Text(), bar.MatchCase())
	}
}

func (w *window) drawFound(r console.FoundReport) {
	bar := w.parts.find
	switch {
	case bar.Text() == "":
		bar.Tell("")
	case r.Count == 0:
		bar.Tell(textNotFound())
	default:
		bar.Tell(textFound(r.Here, r.Count, r.More))
	}
}

package window

import (
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/lang"

	"vmterminal/app/desktop/words"
	"vmterminal/widgets"
	"vmterminal/widgets/console"
)

// buildFind builds the find bar.
func (ts *terminals) buildFind() fyne.CanvasObject {
	bar := widgets.NewFindBar(lang.L("Find in the terminal"), lang.L("Match case"))
	bar.OnChanged = func(string, bool) { ts.restartFind() }
	bar.OnStep = func(by int) {
		if ts.finding != nil {
			ts.finding.FindStep(by)
		}
	}
	bar.OnClose = ts.closeFind
	bar.Hide()
	ts.find = bar
	return bar
}

// openFind shows the find bar, filled with the selected text.
func (ts *terminals) openFind() {
	_, tabs, ok := ts.tabsShown()
	if !ok {
		return
	}
	bar := ts.find
	text := tabs.shown().terminal.SelectedText()
	if text == "" || strings.ContainsRune(text, '\n') {
		text = bar.Text()
	}
	ts.setVisible(bar, true)
	bar.Set(text)
	ts.findIn(tabs.shown().terminal)
	ts.focus(bar.Field())
}

func (ts *terminals) closeFind() {
	ts.win.Canvas().Unfocus() // focusMain may find nothing to focus
	ts.setVisible(ts.find, false)
	ts.findIn(nil)
	ts.focusMain()
}

// findIn moves the search to another terminal; nil ends the search.
func (ts *terminals) findIn(t *console.Console) {
	if ts.finding == t {
		return
	}
	if ts.finding != nil {
		ts.finding.OnFound = nil
		ts.finding.Find("", false)
	}
	if ts.finding = t; t != nil {
		t.OnFound = ts.drawFound
		ts.restartFind()
	}
}

func (ts *terminals) restartFind() {
	if bar := ts.find; ts.finding != nil {
		ts.finding.Find(bar.Text(), bar.MatchCase())
	}
}

func (ts *terminals) drawFound(r console.FoundReport) {
	bar := ts.find
	switch {
	case bar.Text() == "":
		bar.SetCount("")
	case r.Count == 0:
		bar.SetCount(lang.L("not found"))
	default:
		bar.SetCount(foundText(r.Current, r.Count, r.More))
	}
}

func foundText(here, count int, more bool) string {
	values := words.Values{"Here": here, "Count": count}
	switch {
	case here == 0:
		return lang.L("{{.Count}} matches", values)
	case more:
		return lang.L("{{.Here}} of the last {{.Count}}", values)
	default:
		return lang.L("{{.Here}} of {{.Count}}", values)
	}
}

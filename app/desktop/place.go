//go:build !nogui

package desktop

import (
	"fyne.io/fyne/v2"

	"vmterminal/app"
	"vmterminal/widgets/console"
)

// terminalOnWindow is the terminal on the window, if it is attached.
func (w *window) terminalOnWindow() (*console.Console, bool) {
	_, of, ok := w.tabsOnWindow()
	if !ok {
		return nil, false
	}
	t := of.shown()
	return t.terminal, t.conn != nil
}

// drawPlace draws the terminal's place: the terminal, and over it why it does
// not answer.
func (w *window) drawPlace() {
	p := &w.parts
	v, ok := w.chosen()
	if !ok {
		return
	}
	w.drawTabs()
	t := w.consoles.tabs(v.Name).shown()
	if p.place.Objects[0] != fyne.CanvasObject(t.terminal) {
		before := p.place.Objects[0]
		p.place.Objects[0] = t.terminal
		p.place.Refresh()
		w.leaveTerminal(before, t)
	}
	if p.find.Visible() {
		w.findIn(t.terminal)
	}
	live := t.conn != nil && v.State.Alive()
	if !live {
		w.drawOff(v, t)
	}
	w.setVisible(p.off, !live)
	w.drawFoot()
	if live && w.focusNext == v.Name {
		w.focusNext = ""
		w.focusMain()
	}
}

// leaveTerminal takes the keyboard away from a terminal that is not shown any
// more, so that nothing typed goes where nobody sees it.
func (w *window) leaveTerminal(before fyne.CanvasObject, to *tab) {
	if focused, ok := w.win.Canvas().Focused().(fyne.CanvasObject); !ok || focused != before {
		return
	}
	if to.conn != nil {
		w.focus(to.terminal)
	} else {
		w.win.Canvas().Unfocus()
	}
}

func (w *window) drawOff(v app.VM, t *tab) {
	off := w.parts.off
	if doing := w.busy[v.Name]; doing != "" {
		off.Set(doing, "", "")
		return
	}
	job, at, runs := w.jobs.of(v.Name)
	switch {
	case runs && keepsOff(job, v):
		off.Set(textJob(job), textDots(at.Phase), "")
	case v.State == app.Broken:
		about := v.Problem
		if v.Snapshots > 0 {
			about += "\n" + textBrokenNext()
		}
		off.Set(textBroken(v.Name), about, "")
	case v.State.Alive() && t.number > 0:
		w.drawNoShell(v, t)
	case v.State.Alive() && t.trouble != "":
		off.Set(textNoConsole(v.Name), t.trouble, "")
	case v.State.Alive():
		off.Set(textConnecting(), "", "")
	default:
		about := ""
		if v.Left != "" {
			about = textLeft(v.Left, textAge(v.LeftAt, w.last.at))
		}
		off.Set(textOff(v.Name), about, textStart())
	}
}

// drawNoShell tells why the shell of a running VM is not there.
func (w *window) drawNoShell(v app.VM, t *tab) {
	off := w.parts.off
	switch {
	case t.trouble != "":
		off.Set(textNoShell(), t.trouble, textTryAgain())
	case t.opening && !v.Agent:
		off.Set(textNoAgentYet(), textNoAgentYetAbout(), "")
	case t.opening:
		off.Set(textOpeningShell(), "", "")
	default:
		off.Set(textShellOver(), textShellOverAbout(t.shell.ended), textOpenAgain())
	}
}

// pressOff does what the button over a terminal that does not answer says.
func (w *window) pressOff() {
	v, of, ok := w.tabsOnWindow()
	switch {
	case !ok:
	case !v.State.Alive():
		w.startChosen()
	default:
		w.consoles.openShell(of.shown())
		w.redraw()
	}
}

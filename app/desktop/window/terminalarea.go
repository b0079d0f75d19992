package window

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/lang"

	"vmterminal/app"
	"vmterminal/app/desktop/words"
	"vmterminal/widgets/console"
)

// terminalShown returns the terminal shown and whether it is attached.
func (ts *terminals) terminalShown() (*console.Console, bool) {
	_, tabs, ok := ts.tabsShown()
	if !ok {
		return nil, false
	}
	t := tabs.shown()
	return t.terminal, t.conn != nil
}

// draw draws the terminal, covered by a placeholder while it is detached.
func (ts *terminals) draw() {
	v, ok := ts.selected()
	if !ok {
		return
	}
	ts.drawTabs()
	t := ts.consoles.tabs(v.Name).shown()
	if ts.area.Objects[0] != fyne.CanvasObject(t.terminal) {
		before := ts.area.Objects[0]
		ts.area.Objects[0] = t.terminal
		ts.area.Refresh()
		ts.moveFocusFrom(before, t)
	}
	if ts.find.Visible() {
		ts.findIn(t.terminal)
	}
	live := t.conn != nil && v.State.Alive()
	if !live {
		ts.drawPlaceholder(v, t)
	}
	ts.setVisible(ts.placeholder, !live)
	ts.drawStatusBar()
	if live && ts.focusNext == v.Name {
		ts.focusNext = ""
		ts.focusMain()
	}
}

// focusShown focuses the terminal shown, or the button of the placeholder.
func (ts *terminals) focusShown() {
	if t, ok := ts.terminalShown(); ok {
		ts.focus(t)
	} else if button := ts.placeholder.Button(); button.Visible() {
		ts.focus(button)
	}
}

// typeAhead stores a key for the shell that the tab shown is opening.
func (ts *terminals) typeAhead(key func(to fyne.Focusable)) {
	if _, tabs, ok := ts.tabsShown(); ok {
		tabs.shown().typeAhead(key)
	}
}

// moveFocusFrom moves the focus from a terminal that is no longer shown, so that keys do
// not go to an invisible terminal.
func (ts *terminals) moveFocusFrom(before fyne.CanvasObject, to *tab) {
	if focused, ok := ts.win.Canvas().Focused().(fyne.CanvasObject); !ok || focused != before {
		return
	}
	if to.conn != nil {
		ts.focus(to.terminal)
	} else {
		ts.win.Canvas().Unfocus()
	}
}

func (ts *terminals) drawPlaceholder(v app.VM, t *tab) {
	off := ts.placeholder
	if doing := ts.busy[v.Name]; doing != "" {
		off.Set(doing, "", "")
		return
	}
	job, at, runs := ts.jobs.runningJob(v.Name)
	switch {
	case runs && job.Kind.ReplacesDisk():
		off.Set(words.Job(job.Kind, job.VM, job.Subject), words.Phase(at.Phase)+"…", "")
	case v.State == app.Broken:
		about := words.Cause(v.Problem)
		if v.Snapshots > 0 {
			about += "\n" + lang.L("Restore a snapshot, or create a new VM from one.")
		}
		off.Set(lang.L("{{.VM}} cannot be used", words.Values{"VM": v.Name}), about, "")
	case v.State.Alive() && t.number > 0:
		ts.drawShellPlaceholder(v, t)
	case v.State.Alive() && t.openError != "":
		off.Set(lang.L("Could not open the console of {{.VM}}", words.Values{"VM": v.Name}), t.openError, "")
	case v.State.Alive():
		off.Set(lang.L("Opening the console…"), "", "")
	default:
		off.Set(lang.L("{{.VM}} is stopped", words.Values{"VM": v.Name}), words.LastExit(v, ts.last.at), lang.L("Start"))
	}
}

// drawShellPlaceholder shows why a running VM's shell is not connected.
func (ts *terminals) drawShellPlaceholder(v app.VM, t *tab) {
	off := ts.placeholder
	switch {
	case t.openError != "":
		off.Set(lang.L("Could not open the shell"), t.openError, lang.L("Try again"))
	case t.opening && !v.Agent:
		off.Set(lang.L("Waiting for the guest"), lang.L("The shell opens as soon as the guest has booted. Until then, use its console."), "")
	case t.opening:
		off.Set(lang.L("Opening the shell…"), "", "")
	default:
		off.Set(lang.L("The shell has exited"), t.shell.ended+"\n"+lang.L("Ctrl+Shift+W closes the tab."), lang.L("Reopen"))
	}
}

// pressPlaceholder handles the button of the placeholder: it starts the VM or opens the
// shell.
func (ts *terminals) pressPlaceholder() {
	v, tabs, ok := ts.tabsShown()
	switch {
	case !ok:
	case !v.State.Alive():
		ts.power.startSelected()
	default:
		ts.consoles.openShell(tabs.shown())
		ts.redraw()
	}
}

package window

import (
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/widget"

	"vmterminal/app/desktop/words"
	"vmterminal/widgets"
)

// askCloseShell asks before closing a shell in which a program is running.
func (ts *terminals) askCloseShell(t *tab, busy busyShell) {
	if !ts.consoles.hasTab(t) || len(ts.modal.dialogs) > 0 {
		return
	}
	var d *widgets.Dialog
	end := &widgets.DialogButton{Text: lang.L("Close shell"), Importance: widget.DangerImportance, OnTapped: func() {
		ts.modal.closeDialog(d)
		ts.dropTab(t)
	}}
	d = ts.modal.openDialog(lang.L("Close shell {{.N}}?", words.Values{"N": busy.number}), paragraph(closeShellText(busy)), lang.L("Cancel"), nil, end)
}

// askQuitShells asks before the program quits while programs run in shells.
func (qu *quitter) askQuitShells(busy []busyShell, quit func()) {
	qu.showIfHidden()
	var d *widgets.Dialog
	end := &widgets.DialogButton{Text: lang.L("Close shells and quit"), Importance: widget.DangerImportance, OnTapped: func() {
		qu.modal.closeDialog(d)
		quit()
	}}
	d = qu.modal.openDialog(lang.L("Programs are running in shells"), paragraph(quitShellsText(busy)), lang.L("Cancel"), nil, end)
}

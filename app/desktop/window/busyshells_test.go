package window

import (
	"testing"

	"fyne.io/fyne/v2"

	"vmterminal/app"
)

func TestClosingShellAsksWhenProgramRuns(t *testing.T) {
	for program, want := range map[string]string{
		"vim":               "vim is running",
		"?":                 "cannot report whether a program is running",
		"\x1b[31mred\u202e": "[31mred",
	} {
		t.Run(program, func(t *testing.T) {
			d := openRunning(t)
			d.openShell()
			d.shell(1).runs(program)
			d.menu(key(fyne.KeyW))
			d.awaitDialog("Close shell 1?")
			requireText(t, d.dialogTexts(), want)
			d.key(fyne.KeyReturn)
			if d.requireNoDialog(); d.shell(1).over() {
				t.Fatal("Return closed the shell")
			}
			d.requireTabs("Console Shell 1*")
			d.menu(key(fyne.KeyW))
			d.awaitDialog("Close shell 1?")
			d.press("Close shell")
			d.awaitTabs("Console*")
			d.until("the end of shell 1", d.shell(1).over)
		})
	}
}

// The shell may exit while the dialog is open.
func TestClosingShellThatExitsMeanwhile(t *testing.T) {
	d := openRunning(t)
	d.openShell()
	d.shell(1).runs("vim")
	d.menu(key(fyne.KeyW))
	d.awaitDialog("Close shell 1?")
	d.shell(1).exit(0)
	d.until("the end of shell 1", func() bool { return d.terminals.consoles.tabs("dev").list[1].conn == nil })
	d.press("Close shell")
	d.awaitTabs("Console*")
}

func TestQuitAsksWhenProgramsRunInShells(t *testing.T) {
	quits := map[string]func(*desk){"closed": func(d *desk) { d.quitter.closeRequested() }, "quit": func(d *desk) { d.quitter.askQuit() }}
	for name, quit := range quits {
		t.Run(name, func(t *testing.T) {
			d := openRunning(t)
			d.app.Preferences().SetString(prefQuit, quitLeaves)
			d.openShell()
			d.openShell()
			d.shell(2).runs("less")
			quit(d)
			d.until("the dialog", func() bool { return len(d.modal.dialogs) == 1 })
			d.awaitDialog("Programs are running in shells")
			requireText(t, d.dialogTexts(), "Shell 2 of dev: less")
			d.key(fyne.KeyEscape)
			if d.requireNoDialog(); d.quit || d.shell(2).over() {
				t.Fatal("Escape quit the program")
			}
			quit(d)
			d.until("the dialog", func() bool { return len(d.modal.dialogs) == 1 })
			d.press("Close shells and quit")
			d.until("the program to quit", func() bool { return d.quit })
		})
	}
}

func TestQuitDoesNotAskForIdleShells(t *testing.T) {
	d := openRunning(t)
	d.app.Preferences().SetString(prefQuit, quitLeaves)
	d.openShell()
	d.quitter.askQuit()
	d.until("the program to quit", func() bool { return d.quit })
	if v, _ := d.selected(); v.State != app.Running {
		t.Error("quitting stopped the VM")
	}
}

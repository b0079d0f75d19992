//go:build !nogui

package desktop

import (
	"testing"

	"fyne.io/fyne/v2"

	"vmterminal/app"
)

func TestClosingAShellAsksWhenAProgramRuns(t *testing.T) {
	for program, says := range map[string]string{
		"vim":               "vim runs in it",
		"?":                 "cannot tell whether a program runs",
		"\x1b[31mred\u202e": "[31mred",
	} {
		t.Run(program, func(t *testing.T) {
			d := onRunning(t)
			d.openShell()
			d.shell(1).runs(program)
			d.menu(key(fyne.KeyW))
			d.sheet("Close shell 1?")
			sees(t, d.sheetTexts(), says)
			d.key(fyne.KeyReturn)
			if d.noSheet(); d.shell(1).over() {
				t.Fatal("Return must not end it")
			}
			d.hasTabs("Console Shell 1*")
			d.menu(key(fyne.KeyW))
			d.sheet("Close shell 1?")
			d.press("Close shell")
			d.getsTabs("Console*")
			d.until("the end", d.shell(1).over)
		})
	}
}

// While a guest is asked the tab can be chosen, or close, by itself.
func TestClosingAShellThatEndsMeanwhile(t *testing.T) {
	d := onRunning(t)
	d.openShell()
	d.shell(1).runs("vim")
	d.menu(key(fyne.KeyW))
	d.sheet("Close shell 1?")
	d.shell(1).exit(0)
	d.until("the end", func() bool { return d.consoles.tabs("dev").list[1].conn == nil })
	d.press("Close shell")
	d.getsTabs("Console*")
}

func TestQuitAsksWhenProgramsRunInShells(t *testing.T) {
	quits := map[string]func(*desk){"closed": func(d *desk) { d.closed() }, "quit": func(d *desk) { d.askQuit() }}
	for name, quit := range quits {
		t.Run(name, func(t *testing.T) {
			d := onRunning(t)
			d.app.Preferences().SetString(prefQuit, quitLeaves)
			d.openShell()
			d.openShell()
			d.shell(2).runs("less")
			quit(d)
			d.until("the question", func() bool { return len(d.sheets) == 1 })
			d.sheet("Programs run in shells")
			sees(t, d.sheetTexts(), "Shell 2 of dev: less")
			d.key(fyne.KeyEscape)
			if d.noSheet(); d.quit || d.shell(2).over() {
				t.Fatal("Escape must not quit")
			}
			quit(d)
			d.until("the question", func() bool { return len(d.sheets) == 1 })
			d.press("End them and quit")
			d.until("the end", func() bool { return d.quit })
		})
	}
}

func TestQuitDoesNotAskBesideIdleShells(t *testing.T) {
	d := onRunning(t)
	d.app.Preferences().SetString(prefQuit, quitLeaves)
	d.openShell()
	d.askQuit()
	d.until("the end", func() bool { return d.quit })
	if v, _ := d.chosen(); v.State != app.Running {
		t.Error("the VM has stopped")
	}
}

package endtoend

import (
	"fmt"
	"testing"
	"time"
)

// TestShellTabsInTheWindow opens a shell tab next to the console with keys, and uses both tabs.
func TestShellTabsInTheWindow(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	s.mustRun("vm", "create", "default", "--memory", "160", "--cpus", "1", "--disk-size", "512")
	s.mustRun("run", "--detach")
	s.waitForAgent("default")
	d := newDisplay(t)
	p := d.open(s)
	d.waitButton("the window shows the VM", primary, headerArea)
	d.typeUntilReceived(s, "console")
	d.savePicture("console")

	// readTerminal makes the shell in the current tab write its terminal's name and size to a
	// file, and returns both.
	reads := 0
	readTerminal := func() (terminal, size string) {
		reads++
		file := fmt.Sprintf("/root/terminal-%d", reads)
		waitUntil(t, "the tab accepts commands", func() bool {
			d.typeText("(tty; stty size) >" + file + ".new; mv " + file + ".new " + file)
			d.press("Return")
			return pollUntil(5*time.Second, func() bool { return s.run("exec", "--", "test", "-e", file).code == 0 })
		})
		return s.runInGuest("default", "sed -n 1p "+file), s.runInGuest("default", "sed -n 2p "+file)
	}
	serial, size := readTerminal()
	d.press("ctrl+shift+t")
	shell, shellSize := readTerminal()
	d.savePicture("shell")
	if serial == shell || serial == "" {
		t.Errorf("got terminals %q and %q for console and shell, want different ones", serial, shell)
	}
	if size != shellSize || size == "0 0\n" {
		t.Errorf("got sizes %q and %q for console and shell, want the same", size, shellSize)
	}
	running := func() bool { return s.run("exec", "--", "sh", "-c", "grep -qx sleep /proc/[0-9]*/comm").code == 0 }
	d.typeText("sleep 5000")
	d.press("Return")
	waitUntil(t, "the program runs", running)
	d.press("ctrl+shift+w")
	d.waitButton("the close dialog is open", danger, dialogArea)
	d.savePicture("shell-busy")
	d.press("Escape")
	waitUntil(t, "the dialog is closed", func() bool { _, there := findButton(d.takePicture(), danger, dialogArea); return !there })
	if !running() {
		t.Error("the program ended before the dialog was confirmed")
	}
	d.press("ctrl+shift+w")
	d.clickButton(d.waitButton("the close dialog is open again", danger, dialogArea))
	waitUntil(t, "the program ends with its shell", func() bool { return !running() })
	d.press("ctrl+shift+t")
	if again, _ := readTerminal(); again == serial {
		t.Errorf("new shell: got the console's terminal %q, want another", again)
	}
	d.press("ctrl+Prior")
	if again, _ := readTerminal(); again != serial {
		t.Errorf("Ctrl+Page up: got terminal %q, want the console's %q", again, serial)
	}
	d.press("ctrl+Next")
	d.typeText("exit 3")
	d.press("Return")
	d.waitButton("the end of the shell is shown", primary, consoleArea)
	d.savePicture("shell-ended")
	d.press("ctrl+shift+w")
	if again, _ := readTerminal(); again != serial {
		t.Errorf("Ctrl+Shift+W: got terminal %q, want the console's %q", again, serial)
	}
	p.close()
	p.waitExit()
}

package window

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"fyne.io/fyne/v2"

	"vmterminal/app"
)

// openRunning opens a window on the running VM dev.
func openRunning(t *testing.T, names ...string) *desk {
	t.Helper()
	d := open(t, running(t, append([]string{"dev"}, names...)...))
	d.until("the terminal", func() bool { return d.attached("dev") })
	return d
}

// labels returns the labels of the tabs; a star marks the one in front.
func (d *desk) labels() string {
	var list []string
	_, of, _ := d.terminals.tabsShown()
	for i, item := range d.terminals.tabs.Items() {
		if i == of.frontTab {
			item.Label += "*"
		}
		list = append(list, item.Label)
	}
	return strings.Join(list, " ")
}

func (d *desk) requireTabs(want string) {
	d.t.Helper()
	if got := d.labels(); got != want {
		d.t.Errorf("tabs: got %q, want %q", got, want)
	}
}

// awaitTabs waits for tabs with these labels.
func (d *desk) awaitTabs(want string) {
	d.t.Helper()
	d.until(want, func() bool { return d.labels() == want })
}

// openShell opens a shell with its shortcut and waits until it has the focus.
func (d *desk) openShell() {
	d.t.Helper()
	d.menu(key(fyne.KeyT))
	_, of, _ := d.terminals.tabsShown()
	t := of.shown()
	d.until("the shell", func() bool { return t.conn != nil && d.win.Canvas().Focused() == fyne.Focusable(t.terminal) })
}

func TestShellTabs(t *testing.T) {
	d := openRunning(t)
	d.requireTabs("Console*")
	d.openShell()
	d.openShell()
	d.requireTabs("Console Shell 1 Shell 2*")
	d.typeText("two")
	d.until("the typed text", func() bool { return d.shell(2).typed() == "two" })
	d.menu(plainKey(fyne.KeyPageUp))
	d.typeText("one")
	d.until("the typed text", func() bool { return d.shell(1).typed() == "one" })
	d.menu(plainKey(fyne.KeyPageDown))
	d.menu(plainKey(fyne.KeyPageDown))
	d.requireTabs("Console* Shell 1 Shell 2")
	d.typeText("none")
	d.until("the typed text", func() bool { return d.console("dev").typed() == "none" })

	d.terminals.tabs.OnSelect(1)
	d.menu(key(fyne.KeyW))
	d.awaitTabs("Console* Shell 2")
	d.until("the end of shell 1", d.shell(1).over)
	if d.shell(2).over() {
		t.Error("shell 2 ended too")
	}
	d.menu(key(fyne.KeyW)) // the console stays
	d.requireTabs("Console* Shell 2")
	if !d.attached("dev") {
		t.Error("the console does not have the focus")
	}
}

func TestShellHasSizeOfTerminal(t *testing.T) {
	d := openRunning(t)
	d.until("the console's size", func() bool { return d.terminals.consoles.consoleTab("dev").sentSize[0] > 20 })
	d.openShell()
	sh := d.shell(1)
	size := func() [2]int {
		sh.mu.Lock()
		defer sh.mu.Unlock()
		return sh.size
	}
	d.until("the size", func() bool { return size() == d.terminals.consoles.consoleTab("dev").sentSize })
	before := size()
	d.win.Resize(fyne.NewSize(1400, 900))
	d.until("the new size", func() bool { return size()[0] > before[0] && size()[1] > before[1] })
}

func TestShellExits(t *testing.T) {
	for code, want := range map[int]string{0: "exited normally", 3: "exited with code 3"} {
		d := openRunning(t)
		d.openShell()
		d.shell(1).exit(code)
		d.until("the text about the end", func() bool {
			return d.terminals.placeholder.Visible() && slices.ContainsFunc(texts(d.terminals.placeholder), func(s string) bool { return strings.Contains(s, want) })
		})
		d.requireTabs("Console Shell 1*")
		d.key(fyne.KeyReturn) // the button has the focus
		d.until("another shell", func() bool { _, ok := d.terminals.terminalShown(); return ok && d.shell(2) != nil })
		d.requireTabs("Console Shell 1*")
	}
}

func TestShellThatCannotBeOpened(t *testing.T) {
	d := openRunning(t)
	d.svc.failNext("Shell", errors.New("no agent here"))
	d.menu(key(fyne.KeyT))
	d.until("the error", func() bool { return slices.Contains(texts(d.terminals.placeholder), "no agent here") })
	d.svc.failNext("Shell", nil)
	d.press("Try again")
	d.until("the shell", func() bool { _, ok := d.terminals.terminalShown(); return ok })
}

func TestShellsEndWithTheirVM(t *testing.T) {
	d := openRunning(t)
	d.openShell()
	d.svc.stop("dev")
	d.shell(1).exit(-1)
	d.until("the text about the stopped VM", func() bool {
		return d.terminals.placeholder.Visible() && slices.Contains(texts(d.terminals.placeholder), "dev is stopped")
	})
	d.requireTabs("Console Shell 1*")
	d.press("Start")
	d.until("the Reopen button", func() bool { return slices.Contains(texts(d.terminals.placeholder), "Reopen") })
	requireText(t, texts(d.terminals.placeholder), "the VM stopped")
	d.menu(key(fyne.KeyW))
	d.requireTabs("Console*")
	d.until("the console", func() bool { return d.attached("dev") })
}

func TestTabsBelongToVM(t *testing.T) {
	d := openRunning(t, "other")
	d.openShell()
	d.menu(key(fyne.KeyDown))
	d.requireTabs("Console*")
	d.menu(key(fyne.KeyT)) // stopped VMs have no shells
	d.awaitDialog("other is stopped")
	d.key(fyne.KeyEscape)
	d.requireTabs("Console*")
	d.menu(key(fyne.KeyUp))
	d.requireTabs("Console Shell 1*")
	if d.shell(1).over() {
		t.Error("the shell ended while another VM was shown")
	}
	d.svc.change(func() { d.svc.vms = slices.DeleteFunc(d.svc.vms, func(v app.VM) bool { return v.Name == "dev" }) })
	d.until("the end of a deleted VM's shell", d.shell(1).over)
}

func TestKeysDoNotReachHiddenTab(t *testing.T) {
	d := openRunning(t)
	d.menu(key(fyne.KeyT))
	if focused := d.win.Canvas().Focused(); focused != nil {
		t.Fatalf("focus while the shell opens: got %T, want none", focused)
	}
	d.win.Canvas().OnTypedRune()('x')
	_, of, _ := d.terminals.tabsShown()
	d.until("the shell", func() bool { return of.shown().conn != nil })
	d.typeText("y")
	d.until("the typed text", func() bool { return d.shell(1).typed() == "xy" })
	if got := d.console("dev").typed(); got != "" {
		t.Errorf("input of the console: got %q, want none", got)
	}
}

func TestKeysWaitForShell(t *testing.T) {
	svc := running(t, "dev")
	svc.shellGate = make(chan struct{})
	d := open(t, svc)
	d.until("the console", func() bool { return d.attached("dev") })
	d.menu(key(fyne.KeyT))
	c := d.win.Canvas()
	for _, r := range "ls" {
		c.OnTypedRune()(r)
	}
	c.OnTypedKey()(&fyne.KeyEvent{Name: fyne.KeyReturn})
	close(svc.shellGate)
	d.until("the shell", func() bool { return d.shell(1) != nil && d.attached("dev") })
	d.typeText("pwd")
	d.until("the typed text in order", func() bool { return d.shell(1).typed() == "ls\rpwd" })
	if got := d.console("dev").typed(); got != "" {
		t.Errorf("input of the console: got %q, want none", got)
	}
}

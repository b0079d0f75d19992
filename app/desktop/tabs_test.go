//go:build !nogui

package desktop

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"fyne.io/fyne/v2"

	"vmterminal/app"
)

// onRunning is a window with the terminal of the running VM dev.
func onRunning(t *testing.T, names ...string) *desk {
	t.Helper()
	d := open(t, running(t, append([]string{"dev"}, names...)...))
	d.until("the terminal", func() bool { return d.attached("dev") })
	return d
}

// labels are those of the tabs; a star marks the one in front.
func (d *desk) labels() string {
	var list []string
	_, of, _ := d.tabsOnWindow()
	for i, item := range d.parts.tabs.Items() {
		if i == of.front {
			item.Label += "*"
		}
		list = append(list, item.Label)
	}
	return strings.Join(list, " ")
}

func (d *desk) hasTabs(want string) {
	d.t.Helper()
	if got := d.labels(); got != want {
		d.t.Errorf("the tabs are %q, want %q", got, want)
	}
}

// getsTabs waits for those tabs.
func (d *desk) getsTabs(want string) {
	d.t.Helper()
	d.until(want, func() bool { return d.labels() == want })
}

// openShell opens a shell by keys and waits until it has the keyboard.
func (d *desk) openShell() {
	d.t.Helper()
	d.menu(key(fyne.KeyT))
	_, of, _ := d.tabsOnWindow()
	t := of.shown()
	d.until("the shell", func() bool { return t.conn != nil && d.win.Canvas().Focused() == fyne.Focusable(t.terminal) })
}

func TestShellTabs(t *testing.T) {
	d := onRunning(t)
	d.hasTabs("Console*")
	d.openShell()
	d.openShell()
	d.hasTabs("Console Shell 1 Shell 2*")
	d.typeText("two")
	d.until("what was typed", func() bool { return d.shell(2).typed() == "two" })
	d.menu(plainKey(fyne.KeyPageUp))
	d.typeText("one")
	d.until("what was typed", func() bool { return d.shell(1).typed() == "one" })
	d.menu(plainKey(fyne.KeyPageDown))
	d.menu(plainKey(fyne.KeyPageDown))
	d.hasTabs("Console* Shell 1 Shell 2")
	d.typeText("none")
	d.until("what was typed", func() bool { return d.console("dev").typed() == "none" })

	d.parts.tabs.OnChosen(1)
	d.menu(key(fyne.KeyW))
	d.getsTabs("Console* Shell 2")
	d.until("the end of shell 1", d.shell(1).over)
	if d.shell(2).over() {
		t.Error("the other shell has ended too")
	}
	d.menu(key(fyne.KeyW)) // the console stays
	d.hasTabs("Console* Shell 2")
	if !d.attached("dev") {
		t.Error("the console should have the keyboard")
	}
}

func TestShellHasTheSizeOfItsPlace(t *testing.T) {
	d := onRunning(t)
	d.until("the console's size", func() bool { return d.consoles.of("dev").told[0] > 20 })
	d.openShell()
	sh := d.shell(1)
	size := func() [2]int {
		sh.mu.Lock()
		defer sh.mu.Unlock()
		return sh.size
	}
	d.until("the size", func() bool { return size() == d.consoles.of("dev").told })
	before := size()
	d.win.Resize(fyne.NewSize(1400, 900))
	d.until("the new size", func() bool { return size()[0] > before[0] && size()[1] > before[1] })
}

func TestShellThatEnds(t *testing.T) {
	for code, says := range map[int]string{0: "in order", 3: "exit code 3"} {
		d := onRunning(t)
		d.openShell()
		d.shell(1).exit(code)
		d.until("the end", func() bool {
			return d.parts.off.Visible() && slices.ContainsFunc(texts(d.parts.off), func(s string) bool { return strings.Contains(s, says) })
		})
		d.hasTabs("Console Shell 1*")
		d.key(fyne.KeyReturn) // the button has the keyboard
		d.until("another shell", func() bool { _, ok := d.terminalOnWindow(); return ok && d.shell(2) != nil })
		d.hasTabs("Console Shell 1*")
	}
}

func TestShellThatCannotBeOpened(t *testing.T) {
	d := onRunning(t)
	d.svc.failNext("Shell", errors.New("no agent here"))
	d.menu(key(fyne.KeyT))
	d.until("the error", func() bool { return slices.Contains(texts(d.parts.off), "no agent here") })
	d.svc.failNext("Shell", nil)
	d.press("Try again")
	d.until("the shell", func() bool { _, ok := d.terminalOnWindow(); return ok })
}

func TestShellsEndWithTheirVM(t *testing.T) {
	d := onRunning(t)
	d.openShell()
	d.svc.stop("dev")
	d.shell(1).exit(-1)
	d.until("that it is off", func() bool {
		return d.parts.off.Visible() && slices.Contains(texts(d.parts.off), "dev is off")
	})
	d.hasTabs("Console Shell 1*")
	d.press("Start")
	d.until("the offer of another shell", func() bool { return slices.Contains(texts(d.parts.off), "Open again") })
	sees(t, texts(d.parts.off), "the VM stopped")
	d.menu(key(fyne.KeyW))
	d.hasTabs("Console*")
	d.until("the console", func() bool { return d.attached("dev") })
}

func TestTabsStayWithTheirVM(t *testing.T) {
	d := onRunning(t, "other")
	d.openShell()
	d.menu(key(fyne.KeyDown))
	d.hasTabs("Console*")
	d.menu(key(fyne.KeyT)) // a VM that is off has no shells
	d.sheet("other is off")
	d.key(fyne.KeyEscape)
	d.hasTabs("Console*")
	d.menu(key(fyne.KeyUp))
	d.hasTabs("Console Shell 1*")
	if d.shell(1).over() {
		t.Error("the shell has ended while another VM was shown")
	}
	d.svc.change(func() { d.svc.vms = slices.DeleteFunc(d.svc.vms, func(v app.VM) bool { return v.Name == "dev" }) })
	d.until("the end of a deleted VM's shell", d.shell(1).over)
}

func TestNothingTypedGoesToATabNotShown(t *testing.T) {
	d := onRunning(t)
	d.menu(key(fyne.KeyT))
	if focused := d.win.Canvas().Focused(); focused != nil {
		t.Fatalf("while the shell opens the keyboard is at %T", focused)
	}
	d.win.Canvas().OnTypedRune()('x')
	_, of, _ := d.tabsOnWindow()
	d.until("the shell", func() bool { return of.shown().conn != nil })
	d.typeText("y")
	d.until("what was typed", func() bool { return d.shell(1).typed() == "xy" })
	if got := d.console("dev").typed(); got != "" {
		t.Errorf("the console got %q", got)
	}
}

func TestKeysWaitForTheirShell(t *testing.T) {
	svc := running(t, "dev")
	svc.shellHeld = make(chan struct{})
	d := open(t, svc)
	d.until("the console", func() bool { return d.attached("dev") })
	d.menu(key(fyne.KeyT))
	c := d.win.Canvas()
	for _, r := range "ls" {
		c.OnTypedRune()(r)
	}
	c.OnTypedKey()(&fyne.KeyEvent{Name: fyne.KeyReturn})
	close(svc.shellHeld)
	d.until("the shell", func() bool { return d.shell(1) != nil && d.attached("dev") })
	d.typeText("pwd")
	d.until("all that was typed, in order", func() bool { return d.shell(1).typed() == "ls\rpwd" })
	if got := d.console("dev").typed(); got != "" {
		t.Errorf("the console got %q", got)
	}
}

package window

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
)

func TestNewOutputBelow(t *testing.T) {
	d := openRunning(t)
	terminal := d.terminals.consoles.consoleTab("dev").terminal
	d.until("the size", func() bool { return d.terminals.consoles.consoleTab("dev").sentSize[0] > 20 })
	terminal.Feed([]byte(strings.Repeat("line\r\n", 200)))
	terminal.ScrollBy(-50)
	terminal.Feed([]byte("more\r\n"))
	d.until("the button for new output", d.terminals.statusBar.below.Visible)
	d.openShell() // has no new output below
	if d.terminals.statusBar.below.Visible() {
		t.Error("the button for new output of another tab is shown")
	}
	d.menu(plainKey(fyne.KeyPageUp))
	d.press("New output below")
	d.until("the button to disappear", func() bool { return !d.terminals.statusBar.below.Visible() })
	if !slices.Contains(strings.Split(terminal.Text(), "\n"), "more") || !d.attached("dev") {
		t.Error("the new output is not shown, or the terminal does not have the focus")
	}
}

// connectAgent makes the guest's agent ready.
func (d *desk) connectAgent() {
	d.t.Helper()
	d.svc.change(func() { d.svc.vms[0].Agent = true })
	d.until("the hint to disappear", func() bool { return !d.terminals.statusBar.hint.Visible() })
}

// A booting guest may show nothing for a while.
func TestBootingIsShown(t *testing.T) {
	svc := running(t, "dev")
	now := svc.vms[0].Since
	svc.clock = now // opening the window may take longer than bootTimeout
	d := open(t, svc)
	d.until("the hint", d.terminals.statusBar.hint.Visible)
	requireText(t, texts(d.terminals.statusBar.hint), "The guest is starting")
	d.connectAgent()
	svc.change(func() { svc.vms[0].Agent = false })
	d.until("the hint again", d.terminals.statusBar.hint.Visible)
	svc.change(func() { svc.vms[0].Since = now.Add(-2 * bootTimeout) })
	d.until("the hint to disappear after bootTimeout", func() bool { return !d.terminals.statusBar.hint.Visible() })
}

func TestLinksAreShownBeforeTheyOpen(t *testing.T) {
	d := openRunning(t)
	d.connectAgent()
	var opened []string
	d.terminals.openURL = func(u *url.URL) error {
		opened = append(opened, u.String())
		return nil
	}
	d.until("the size", func() bool { return d.terminals.consoles.consoleTab("dev").sentSize[0] > 20 })
	terminal := d.terminals.consoles.consoleTab("dev").terminal
	terminal.Feed([]byte("\x1b[2J\x1b[Hhttps://a.example/page"))
	at := &desktop.MouseEvent{
		PointEvent: fyne.PointEvent{Position: fyne.NewPos(30, 5)}, Button: desktop.MouseButtonPrimary, Modifier: fyne.KeyModifierControl,
	}
	terminal.MouseMoved(at)
	requireText(t, texts(d.terminals.statusBar.hint), "https://a.example/page")
	terminal.MouseDown(at)
	if !slices.Equal(opened, []string{"https://a.example/page"}) {
		t.Errorf("opened links: got %q, want only the link under the pointer", opened)
	}
	if terminal.MouseOut(); d.terminals.statusBar.hint.Visible() {
		t.Error("the hint is shown without a link")
	}
}

//go:build !nogui

package desktop

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
)

func TestNewOutputBelow(t *testing.T) {
	d := onRunning(t)
	terminal := d.consoles.of("dev").terminal
	d.until("the size", func() bool { return d.consoles.of("dev").told[0] > 20 })
	terminal.Feed([]byte(strings.Repeat("line\r\n", 200)))
	terminal.ScrollBy(-50)
	terminal.Feed([]byte("more\r\n"))
	d.until("the mark", d.parts.foot.below.Visible)
	d.openShell() // has nothing below
	if d.parts.foot.below.Visible() {
		t.Error("the mark is another tab's")
	}
	d.menu(plainKey(fyne.KeyPageUp))
	d.press("New output below")
	d.until("the end", func() bool { return !d.parts.foot.below.Visible() })
	if !slices.Contains(strings.Split(terminal.Text(), "\n"), "more") || !d.attached("dev") {
		t.Error("the terminal should have the keyboard")
	}
}

// answers has the guest's agent answer.
func (d *desk) answers() {
	d.t.Helper()
	d.svc.change(func() { d.svc.vms[0].Agent = true })
	d.until("no hint", func() bool { return !d.parts.foot.hint.Visible() })
}

// A guest that boots has nothing to show, and says nothing of itself.
func TestBootingIsTold(t *testing.T) {
	d := onRunning(t)
	d.until("the hint", d.parts.foot.hint.Visible)
	sees(t, texts(d.parts.foot.hint), "The guest has only just started")
	d.answers()
	d.svc.change(func() { d.svc.vms[0].Agent, d.svc.vms[0].Since = false, time.Now() })
	d.until("the hint again", d.parts.foot.hint.Visible)
	d.svc.change(func() { d.svc.vms[0].Since = time.Now().Add(-2 * bootPatience) })
	d.until("a guest without an agent", func() bool { return !d.parts.foot.hint.Visible() })
}

func TestLinksAreShownBeforeTheyOpen(t *testing.T) {
	d := onRunning(t)
	d.answers()
	var opened []string
	d.openURL = func(u *url.URL) error {
		opened = append(opened, u.String())
		return nil
	}
	d.until("the size", func() bool { return d.consoles.of("dev").told[0] > 20 })
	terminal := d.consoles.of("dev").terminal
	terminal.Feed([]byte("\x1b[2J\x1b[Hhttps://a.example/page"))
	at := &desktop.MouseEvent{
		PointEvent: fyne.PointEvent{Position: fyne.NewPos(30, 5)}, Button: desktop.MouseButtonPrimary, Modifier: fyne.KeyModifierControl,
	}
	terminal.MouseMoved(at)
	sees(t, texts(d.parts.foot.hint), "https://a.example/page")
	terminal.MouseDown(at)
	if !slices.Equal(opened, []string{"https://a.example/page"}) {
		t.Errorf("opened %q", opened)
	}
	if terminal.MouseOut(); d.parts.foot.hint.Visible() {
		t.Error("the hint is there without a link")
	}
}

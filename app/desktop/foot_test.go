//go:build !nogui

package desktop

import (
	"net/url"
	"slices"
	"strings"
	"testing"

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

func TestLinksAreShownBeforeTheyOpen(t *testing.T) {
	d := onRunning(t)
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

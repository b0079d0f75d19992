package endtoend

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestTray works the tray's menu over a D-Bus, as a desktop's panel does.
func TestTray(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	s.do("vm", "create", "default", "--disk-size", "2048")
	s.do("vm", "create", "other")
	fill(t, s.disk("default"), 256) // work for as long as it takes to look
	d := newDisplay(t)
	b := newBus(t)
	p := d.open(s, "DBUS_SESSION_BUS_ADDRESS="+b.address)
	tray := b.tray()
	until(t, "the menu has the VMs", func() bool {
		return slices.Contains(tray.labels(), "default — stopped") && slices.Contains(tray.labels(), "other — stopped")
	})
	d.awaitButton("the window is drawn", primary, head)
	d.keep("tray-there")
	hideAndOpen(t, d, p, tray)
	quickSnapshot(t, s, d, b, p, tray)
	tray.choose("Quit")
	p.ends()
}

// hideAndOpen closes the window to the tray, and opens it from there.
func hideAndOpen(t *testing.T, d *display, p *program, tray *tray) {
	t.Helper()
	p.close()
	until(t, "the window is hidden", func() bool { return !p.visible() })
	if p.gone() {
		t.Fatal("closing the window ended the program, in spite of the tray")
	}
	d.keep("hidden")
	tray.choose("Open VMTerminal")
	until(t, "the window is back", p.visible)
	d.awaitButton("the window is drawn", primary, head)
	d.keep("opened-from-tray")
}

// quickSnapshot takes one with the window hidden: the menu shows how far it is,
// and the desktop is told of its end.
func quickSnapshot(t *testing.T, s *store, d *display, b *bus, p *program, tray *tray) {
	t.Helper()
	p.close()
	until(t, "the window is hidden", func() bool { return !p.visible() })
	tray.choose("Quick snapshot of default")
	progress := regexp.MustCompile(`^Snapshot “quick-.+” of default: \d+ %$`)
	until(t, "the menu shows how far the snapshot is", func() bool {
		return slices.ContainsFunc(tray.labels(), progress.MatchString)
	})
	until(t, "the snapshot is there", func() bool { return len(s.snapshots("default")) == 1 })
	if name := s.snapshots("default")[0]; !regexp.MustCompile(`^quick-\d{4}-?\d\d-?\d\d-\d\d-?\d\d-?\d\d$`).MatchString(name) {
		t.Errorf("the quick snapshot is called %q", name)
	}
	if others := s.snapshots("other"); len(others) > 0 {
		t.Errorf("the other VM has %q", others)
	}
	until(t, "the desktop is told", func() bool {
		return slices.ContainsFunc(b.told(), func(n string) bool {
			return strings.HasPrefix(n, "Snapshot “quick-") && strings.Contains(n, "Done: ")
		})
	})
	until(t, "the menu offers the next", func() bool {
		return slices.Contains(tray.labels(), "Quick snapshot of default")
	})
	tray.choose("default — stopped, snapshot just now")
	until(t, "the window is back", p.visible)
	d.awaitButton("the window is drawn", primary, head)
	d.keep("after-quick-snapshot")
}

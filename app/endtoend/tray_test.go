package endtoend

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestTray uses the tray's menu over D-Bus, as a desktop's panel does.
func TestTray(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	s.mustRun("vm", "create", "default", "--disk-size", "2048")
	s.mustRun("vm", "create", "other")
	fillDisk(t, s.diskPath("default"), 256) // with oneProcessor, the snapshot is slow enough to observe
	d := newDisplay(t)
	b := newBus(t)
	p := d.open(s, "DBUS_SESSION_BUS_ADDRESS="+b.address, oneProcessor)
	tray := b.tray()
	waitUntil(t, "the menu has the VMs", func() bool {
		return slices.Contains(tray.labels(), "default — stopped") && slices.Contains(tray.labels(), "other — stopped")
	})
	d.waitButton("the window is drawn", primary, headerArea)
	d.savePicture("tray-there")
	hideAndOpen(t, d, p, tray)
	quickSnapshot(t, s, d, b, p, tray)
	tray.choose("Quit")
	p.waitExit()
}

// hideAndOpen closes the window to the tray and opens it from there.
func hideAndOpen(t *testing.T, d *display, p *program, tray *tray) {
	t.Helper()
	p.close()
	waitUntil(t, "the window is hidden", func() bool { return !p.isVisible() })
	if p.hasExited() {
		t.Fatal("closing the window stopped the program, want it in the tray")
	}
	d.savePicture("hidden")
	tray.choose("Open VMTerminal")
	waitUntil(t, "the window is visible", p.isVisible)
	d.waitButton("the window is drawn", primary, headerArea)
	d.savePicture("opened-from-tray")
}

// quickSnapshot takes a snapshot while the window is hidden. It checks that the menu shows the
// progress, and that a notification shows the result.
func quickSnapshot(t *testing.T, s *store, d *display, b *bus, p *program, tray *tray) {
	t.Helper()
	p.close()
	waitUntil(t, "the window is hidden", func() bool { return !p.isVisible() })
	tray.choose("Quick snapshot of default")
	progress := regexp.MustCompile(`^Snapshot “quick-.+” of default: \d+ %$`)
	waitUntil(t, "the menu shows the snapshot's progress", func() bool {
		return slices.ContainsFunc(tray.labels(), progress.MatchString)
	})
	waitUntil(t, "the snapshot exists", func() bool { return len(s.snapshots("default")) == 1 })
	if name := s.snapshots("default")[0]; !regexp.MustCompile(`^quick-\d{4}-?\d\d-?\d\d-\d\d-?\d\d-?\d\d$`).MatchString(name) {
		t.Errorf("name of the quick snapshot: got %q, want quick-DATE-TIME", name)
	}
	if others := s.snapshots("other"); len(others) > 0 {
		t.Errorf("snapshots of the other VM: got %q, want none", others)
	}
	waitUntil(t, "the notification is sent", func() bool {
		return slices.ContainsFunc(b.listNotifications(), func(n string) bool {
			return strings.HasPrefix(n, "Snapshot “quick-") && strings.Contains(n, "Done: ")
		})
	})
	waitUntil(t, "the menu offers another snapshot", func() bool {
		return slices.Contains(tray.labels(), "Quick snapshot of default")
	})
	tray.choose("default — stopped, snapshot just now")
	waitUntil(t, "the window is visible", p.isVisible)
	d.waitButton("the window is drawn", primary, headerArea)
	d.savePicture("after-quick-snapshot")
}

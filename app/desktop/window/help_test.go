package window

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"

	"vmterminal/assets"
	"vmterminal/widgets"
)

// pump replaces the main goroutine: dispatched functions are queued until the test runs
// them on its own goroutine.
type pump struct {
	mu    sync.Mutex
	queue []func()
	more  chan struct{}
}

func newPump() *pump { return &pump{more: make(chan struct{}, 1)} }

func (p *pump) dispatch(f func()) {
	p.mu.Lock()
	p.queue = append(p.queue, f)
	p.mu.Unlock()
	select {
	case p.more <- struct{}{}:
	default:
	}
}

func (p *pump) run() {
	for {
		p.mu.Lock()
		queue := p.queue
		p.queue = nil
		p.mu.Unlock()
		if len(queue) == 0 {
			return
		}
		for _, f := range queue {
			f()
		}
	}
}

// desk is a window on a fake Service.
type desk struct {
	*window
	t    testing.TB
	svc  *fakeService
	pump *pump
	quit bool
}

// open opens a window on the Service and waits for its first reading.
func open(t *testing.T, svc *fakeService) *desk {
	t.Helper()
	return openAs(t, svc, assets.Theme{})
}

// openAs opens a window with a theme.
func openAs(t testing.TB, svc *fakeService, theme fyne.Theme) *desk {
	t.Helper()
	a := test.NewTempApp(t)
	a.Settings().SetTheme(theme)
	ctx, cancel := context.WithCancel(context.Background())
	p := newPump()
	d := &desk{t: t, svc: svc, pump: p}
	d.window = newWindow(ctx, a, svc, "test", p.dispatch)
	d.now = svc.now
	d.quitter.quit = func() { d.quit = true }
	d.win.Resize(fyne.NewSize(1180, 740))
	d.win.Show()
	t.Cleanup(func() {
		cancel()
		d.terminals.consoles.close()
	})
	d.start()
	d.until("the first reading", func() bool { return !d.last.at.IsZero() })
	return d
}

// until runs dispatched functions until a condition holds. It also polls, because not every
// change of the fake Service is followed by a dispatched function.
func (d *desk) until(what string, holds func() bool) {
	d.t.Helper()
	poll := time.NewTicker(10 * time.Millisecond)
	defer poll.Stop()
	deadline := time.After(5 * time.Minute)
	for {
		d.pump.run()
		if holds() {
			return
		}
		select {
		case <-d.pump.more:
		case <-poll.C:
		case <-deadline:
			d.t.Fatalf("timed out waiting for: %s\nwindow: %q\ndialogs: %q", what, texts(d.win.Content()), d.dialogTexts())
		}
	}
}

// walk visits an object and all visible objects in it.
func walk(o fyne.CanvasObject, visit func(fyne.CanvasObject)) {
	if o == nil || !o.Visible() {
		return
	}
	visit(o)
	switch o := o.(type) {
	case *fyne.Container:
		for _, child := range o.Objects {
			walk(child, visit)
		}
	case fyne.Widget:
		for _, child := range test.WidgetRenderer(o).Objects() {
			walk(child, visit)
		}
	}
}

// texts returns the visible texts of labels, lines and buttons.
func texts(o fyne.CanvasObject) []string {
	var found []string
	walk(o, func(o fyne.CanvasObject) {
		switch o := o.(type) {
		case *widgets.Line:
			found = append(found, o.Text)
		case *widget.Label:
			found = append(found, o.Text)
		case *widget.Button:
			found = append(found, o.Text)
		case *widgets.KeyButton:
			found = append(found, o.Text)
		case *widgets.KeyCheck:
			found = append(found, o.Text)
		}
	})
	return slices.DeleteFunc(found, func(s string) bool { return s == "" })
}

func (d *desk) dialogTexts() []string {
	var found []string
	for _, o := range d.win.Canvas().Overlays().List() {
		found = append(found, texts(o)...)
	}
	return found
}

// requireText fails unless one of the texts in list contains text.
func requireText(t *testing.T, list []string, text string) {
	t.Helper()
	if !slices.ContainsFunc(list, func(s string) bool { return strings.Contains(s, text) }) {
		t.Errorf("got %q, want %q in it", list, text)
	}
}

// awaitDialog waits for a dialog with the given title.
func (d *desk) awaitDialog(title string) {
	d.t.Helper()
	d.until("the dialog "+title, func() bool { return slices.Contains(d.dialogTexts(), title) })
}

// requireNoDialog fails if a dialog is open.
func (d *desk) requireNoDialog() {
	d.t.Helper()
	if top := d.win.Canvas().Overlays().Top(); top != nil {
		d.t.Errorf("a dialog is open: %q", texts(top))
	}
}

// press taps the button with the given text in the topmost dialog, or in the window if no
// dialog is open.
func (d *desk) press(text string) {
	d.t.Helper()
	root := d.win.Canvas().Overlays().Top()
	if root == nil {
		root = d.win.Content()
	}
	var button fyne.Tappable
	walk(root, func(o fyne.CanvasObject) {
		switch o := o.(type) {
		case *widget.Button:
			if o.Text == text {
				button = o
			}
		case *widgets.KeyButton:
			if o.Text == text {
				button = o
			}
		}
	})
	if button == nil {
		d.t.Fatalf("no button %q in %q", text, texts(root))
	}
	test.Tap(button)
}

// key sends a key to the focused widget.
func (d *desk) key(name fyne.KeyName) {
	d.t.Helper()
	focused := d.win.Canvas().Focused()
	if focused == nil {
		d.win.Canvas().OnTypedKey()(&fyne.KeyEvent{Name: name})
		return
	}
	focused.TypedKey(&fyne.KeyEvent{Name: name})
}

// typeInto sets the text of the field with the given label in the topmost dialog.
func (d *desk) typeInto(label, text string) {
	d.t.Helper()
	d.field(label).SetText(text)
}

// fieldText returns the text of the field with the given label.
func (d *desk) fieldText(label string) string {
	d.t.Helper()
	return d.field(label).Text()
}

func (d *desk) field(label string) *widgets.Field {
	d.t.Helper()
	var field *widgets.Field
	walk(d.win.Canvas().Overlays().Top(), func(o fyne.CanvasObject) {
		if f, ok := o.(*widgets.Field); ok && slices.Contains(texts(f), label) {
			field = f
		}
	})
	if field == nil {
		d.t.Fatalf("no field %q in the dialog", label)
	}
	return field
}

// typeText types into the focused widget.
func (d *desk) typeText(text string) { test.Type(d.win.Canvas().Focused(), text) }

// menu runs the action of the menu item with the given shortcut.
func (d *desk) menu(s fyne.Shortcut) {
	d.t.Helper()
	for _, menu := range d.win.MainMenu().Items {
		for _, i := range menu.Items {
			if i.Shortcut != nil && i.Shortcut.ShortcutName() == s.ShortcutName() {
				i.Action()
				return
			}
		}
	}
	d.t.Fatalf("no menu item has the shortcut %s", s.ShortcutName())
}

// trayItem returns the item of the tray's menu with the given label.
func (d *desk) trayItem(label string) *fyne.MenuItem {
	d.t.Helper()
	var labels []string
	for _, i := range d.tray.menu().Items {
		if i.Label == label {
			return i
		}
		labels = append(labels, i.Label)
	}
	d.t.Fatalf("no tray item %q in %q", label, labels)
	return nil
}

// console returns the fake console of a VM.
func (d *desk) console(vm string) *fakeConsole {
	d.svc.mu.Lock()
	defer d.svc.mu.Unlock()
	return d.svc.consoles[vm]
}

// attached reports whether the VM's terminal is shown and focused.
func (d *desk) attached(vm string) bool {
	t, ok := d.terminals.terminalShown()
	return ok && d.last.selected == vm && d.win.Canvas().Focused() == fyne.Focusable(t)
}

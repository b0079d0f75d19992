package window

import (
	"context"
	"net/url"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/lang"

	"vmterminal/app"
	"vmterminal/widgets/console"
)

// consoles holds the terminals of every VM that was selected, so that their text remains
// available.
type consoles struct {
	*model

	svc  terminalService
	byVM map[string]*vmTabs
	size float32
	// isShown reports whether a tab is shown.
	isShown func(*tab) bool
	// onStatus is called when what the status bar of a terminal shows has changed.
	onStatus func()
	// openLink opens a link from a terminal.
	openLink func(*url.URL)
}

// tab is one terminal of a VM: its console, or a shell in its guest.
type tab struct {
	vm string
	// number is the number of the shell, or 0 for the console.
	number   int
	terminal *console.Console
	// conn is the connection of the terminal, or nil while it is detached.
	conn      app.Console
	opening   bool
	openError string
	// below is set while there is new output below the visible part.
	below bool
	// link is the link under the pointer, or nil.
	link *url.URL
	// hasText is set if the terminal shows the console output of a run. runStart is when that
	// run started; it is zero for the last run of a stopped VM.
	hasText  bool
	runStart time.Time
	// shell is the shell of the tab; it is zero for the console.
	shell guestShell
	// size is the size of the terminal in cells; sentSize is the size last sent to the
	// guest.
	size, sentSize [2]int
	sendingSize    bool
}

// tabs returns the terminals of a VM.
func (c *consoles) tabs(vm string) *vmTabs {
	tabs, ok := c.byVM[vm]
	if !ok {
		tabs = &vmTabs{list: []*tab{c.newTab(vm, 0)}}
		tabs.list[0].terminal.OnClosed = func(error) { c.ended(tabs.list[0]) }
		c.byVM[vm] = tabs
	}
	return tabs
}

// consoleTab returns the tab of a VM's console.
func (c *consoles) consoleTab(vm string) *tab { return c.tabs(vm).list[0] }

func (c *consoles) newTab(vm string, number int) *tab {
	t := &tab{vm: vm, number: number, terminal: console.New(c.ui)}
	t.terminal.SetFontSize(c.size)
	t.terminal.OnResize = func(cols, rows int) { c.resized(t, cols, rows) }
	t.terminal.OnShortcut = c.shortcut
	t.terminal.OnRiskyPaste = func(text string) { c.askPaste(t.terminal, text) }
	t.terminal.OnPasteLost = func() {
		c.modal.showMessage(lang.L("Nothing was pasted"), lang.L("The guest has not read its earlier input yet, and the buffer is full. Wait a moment, or paste less at a time."))
	}
	t.terminal.OnBelow = func(below bool) {
		t.below = below
		c.onStatus()
	}
	t.terminal.OnLink = func(u *url.URL) {
		t.link = u
		c.onStatus()
	}
	t.terminal.OnOpen = c.openLink
	return t
}

// each calls visit for every terminal.
func (c *consoles) each(visit func(*tab)) {
	for _, tabs := range c.byVM {
		for _, t := range tabs.list {
			visit(t)
		}
	}
}

// follow opens the console of the selected VM if it is running, and otherwise shows the output
// of its last run.
func (c *consoles) follow() {
	for name, tabs := range c.byVM {
		if _, there := c.last.vm(name); !there {
			tabs.detach()
			delete(c.byVM, name)
		}
	}
	v, ok := c.selected()
	if !ok {
		return
	}
	t := c.consoleTab(v.Name)
	switch {
	case v.State.Alive() && t.conn == nil && !t.opening:
		c.open(v, t)
	case !v.State.Alive() && !t.hasText && !t.opening:
		c.readLast(v.Name, t)
	}
}

func (c *consoles) open(v app.VM, t *tab) {
	t.opening = true
	var conn app.Console
	c.call(func(ctx context.Context) (err error) {
		conn, err = c.svc.Console(ctx, v.Name)
		return err
	}, func(err error) {
		t.opening = false
		switch {
		case err != nil:
			t.openError = app.Explain(err).Cause
		case !c.hasTab(t) || c.ctx.Err() != nil:
			conn.Close()
		default:
			if t.hasText && !t.runStart.Equal(v.Since) {
				t.terminal.BeginSession()
			} else {
				t.terminal.Clear() // the connection replays this text before it sends new output
			}
			t.hasText, t.runStart = true, v.Since
			c.attach(t, conn)
		}
		c.redraw()
	})
}

// hasTab reports whether a tab is still open.
func (c *consoles) hasTab(t *tab) bool {
	tabs, ok := c.byVM[t.vm]
	return ok && tabs.index(t) >= 0
}

func (c *consoles) attach(t *tab, conn app.Console) {
	t.openError, t.conn, t.sentSize = "", conn, [2]int{}
	t.terminal.Attach(conn)
	c.sendSize(t)
}

// ended handles a console connection that the other side has closed.
func (c *consoles) ended(t *tab) {
	t.conn = nil
	c.reader.refresh()
	c.redraw()
}

func (c *consoles) readLast(vm string, t *tab) {
	t.hasText, t.runStart = true, time.Time{}
	var text []byte
	c.call(func(ctx context.Context) (err error) {
		text, err = c.svc.LastConsole(ctx, vm)
		return err
	}, func(err error) {
		// A missing log of the last run is not worth an error message.
		if err == nil && t.conn == nil && !t.opening {
			t.terminal.Recall(text)
		}
	})
}

func (c *consoles) resized(t *tab, cols, rows int) {
	t.size = [2]int{cols, rows}
	c.sendSize(t)
}

// sendSize sends the size of the terminal to the guest, one call at a time.
func (c *consoles) sendSize(t *tab) {
	conn, size := t.conn, t.size
	if conn == nil || t.sendingSize || size == t.sentSize || size[0] == 0 {
		return
	}
	t.sendingSize = true
	c.call(func(ctx context.Context) error {
		return conn.Resize(ctx, size[0], size[1])
	}, func(error) {
		// Ignore errors: some guests cannot be resized.
		t.sendingSize = false
		t.sentSize = size
		c.sendSize(t)
	})
}

// The font sizes of the terminals, in Fyne's units.
const (
	textSizeNormal = 13
	textSizeMin    = 7
	textSizeMax    = 40
)

// resizeText changes the font size of all terminals by a number of units; 0 resets it.
func (c *consoles) resizeText(by float32) {
	if by == 0 {
		c.size = textSizeNormal
	} else {
		c.size = min(textSizeMax, max(textSizeMin, c.size+by))
	}
	c.each(func(t *tab) { t.terminal.SetFontSize(c.size) })
}

// shortcut handles keys that the menu bar cannot, because a menu item has only one
// shortcut. It reports whether s was one of them. Terminals call it before they handle a
// key.
func (c *consoles) shortcut(s fyne.Shortcut) bool {
	custom, ok := s.(*desktop.CustomShortcut)
	if !ok || custom.Modifier&fyne.KeyModifierControl == 0 {
		return false
	}
	shifted := custom.Modifier&fyne.KeyModifierShift != 0
	if custom.KeyName == fyne.KeyPlus || custom.KeyName == fyne.KeyEqual && shifted {
		c.resizeText(1)
		return true
	}
	return false
}

// close detaches all consoles and ends all shells.
func (c *consoles) close() {
	for _, tabs := range c.byVM {
		tabs.detach()
	}
}

//go:build !nogui

package desktop

import (
	"context"
	"net/url"
	"time"

	"vmterminal/app"
	"vmterminal/widgets/console"
)

// consoles keeps the terminals of each VM that was looked at, so that their
// text stays while another VM is on the window.
type consoles struct {
	w    *window
	byVM map[string]*vmTabs
	size float32
}

// tab is one terminal of a VM: its console, or a shell in its guest.
type tab struct {
	vm string
	// number is a shell's; the console's is 0.
	number   int
	terminal *console.Console
	// conn is what the terminal is attached to, nil while it is not.
	conn    app.Console
	opening bool
	trouble string
	// below tells that text has come below what is in view.
	below bool
	// link is what the pointer is on, nil for none.
	link *url.URL
	// shown tells that the console's terminal has the text of a run, run since when
	// that runs; of the last one of a VM that is off it is zero.
	shown bool
	run   time.Time
	// shell is what a shell's tab has, or had.
	shell shellOf
	// wanted is the terminal's size in cells, told the guest that it is.
	wanted, told [2]int
	telling      bool
}

func newConsoles(w *window) *consoles {
	return &consoles{w: w, byVM: map[string]*vmTabs{}, size: textSizeNormal}
}

// tabs are a VM's terminals.
func (c *consoles) tabs(vm string) *vmTabs {
	of, ok := c.byVM[vm]
	if !ok {
		of = &vmTabs{list: []*tab{c.newTab(vm, 0)}}
		of.list[0].terminal.OnClosed = func(error) { c.ended(of.list[0]) }
		c.byVM[vm] = of
	}
	return of
}

// of is the tab of a VM's console.
func (c *consoles) of(vm string) *tab { return c.tabs(vm).list[0] }

func (c *consoles) newTab(vm string, number int) *tab {
	t := &tab{vm: vm, number: number, terminal: console.New(c.w.ui)}
	t.terminal.SetFontSize(c.size)
	t.terminal.OnResize = func(cols, rows int) { c.resized(t, cols, rows) }
	t.terminal.OnShortcut = c.w.shortcut
	t.terminal.OnRiskyPaste = func(text string) { c.w.askPaste(t.terminal, text) }
	t.terminal.OnPasteLost = func() { c.w.tell(textPasteLostTitle(), textPasteLost()) }
	t.terminal.OnBelow = func(below bool) {
		t.below = below
		c.w.drawFoot()
	}
	t.terminal.OnLink = func(u *url.URL) {
		t.link = u
		c.w.drawFoot()
	}
	t.terminal.OnOpen = c.w.openLink
	return t
}

// each visits all terminals there are.
func (c *consoles) each(visit func(*tab)) {
	for _, of := range c.byVM {
		for _, t := range of.list {
			visit(t)
		}
	}
}

// follow opens the console of the VM on the window while it runs, and shows the
// text of its last run while it does not.
func (c *consoles) follow(r reading) {
	for name, of := range c.byVM {
		if _, there := r.vm(name); !there {
			of.detach()
			delete(c.byVM, name)
		}
	}
	v, ok := r.vm(r.chosen)
	if !ok {
		return
	}
	t := c.of(v.Name)
	switch {
	case v.State.Alive() && t.conn == nil && !t.opening:
		c.open(v, t)
	case !v.State.Alive() && !t.shown && !t.opening:
		c.readLast(v.Name, t)
	}
}

func (c *consoles) open(v app.VM, t *tab) {
	t.opening = true
	var conn app.Console
	c.w.call(func(ctx context.Context) (err error) {
		conn, err = c.w.svc.Console(ctx, v.Name)
		return err
	}, func(err error) {
		t.opening = false
		switch {
		case err != nil:
			t.trouble = app.Explain(err).Detail
		case !c.has(t) || c.w.ctx.Err() != nil:
			conn.Close()
		default:
			if t.shown && !t.run.Equal(v.Since) {
				t.terminal.StartAnew()
			} else {
				t.terminal.Clear() // what is there comes again, before what is new
			}
			t.shown, t.run = true, v.Since
			c.attach(t, conn)
		}
		c.w.redraw()
	})
}

// has tells whether a tab is still among those of its VM.
func (c *consoles) has(t *tab) bool {
	of, ok := c.byVM[t.vm]
	return ok && of.at(t) >= 0
}

func (c *consoles) attach(t *tab, conn app.Console) {
	t.trouble, t.conn, t.told = "", conn, [2]int{}
	t.terminal.Attach(conn)
	c.tellSize(t)
}

// ended is called when the other side has ended a console.
func (c *consoles) ended(t *tab) {
	t.conn = nil
	c.w.reader.soon()
	c.w.redraw()
}

func (c *consoles) readLast(vm string, t *tab) {
	t.shown, t.run = true, time.Time{}
	var text []byte
	c.w.call(func(ctx context.Context) (err error) {
		text, err = c.w.svc.LastConsole(ctx, vm)
		return err
	}, func(err error) {
		// Text that cannot be read is no reason to disturb anybody.
		if err == nil && t.conn == nil && !t.opening {
			t.terminal.Recall(text)
		}
	})
}

func (c *consoles) resized(t *tab, cols, rows int) {
	t.wanted = [2]int{cols, rows}
	c.tellSize(t)
}

// tellSize tells the guest the size of its terminal, one word at a time.
func (c *consoles) tellSize(t *tab) {
	conn, size := t.conn, t.wanted
	if conn == nil || t.telling || size == t.told || size[0] == 0 {
		return
	}
	t.telling = true
	c.w.call(func(ctx context.Context) error {
		return conn.Resize(ctx, size[0], size[1])
	}, func(error) {
		// A guest that takes no sizes keeps its own.
		t.telling = false
		t.told = size
		c.tellSize(t)
	})
}

// The sizes of the terminals' text, in Fyne's units.
const (
	textSizeNormal = 13
	textSizeLeast  = 7
	textSizeMost   = 40
)

// resizeText changes the size of all terminals' text by that much; 0 makes it
// normal again.
func (c *consoles) resizeText(by float32) {
	if by == 0 {
		c.size = textSizeNormal
	} else {
		c.size = min(textSizeMost, max(textSizeLeast, c.size+by))
	}
	c.each(func(t *tab) { t.terminal.SetFontSize(c.size) })
}

// close detaches from all consoles, and ends all shells.
func (c *consoles) close() {
	for _, of := range c.byVM {
		of.detach()
	}
}

//go:build !nogui

package desktop

import (
	"context"

	"fyne.io/fyne/v2"

	"vmterminal/app"
	"vmterminal/widgets/console"
)

// consoles keeps one terminal for each VM that was looked at, so that its text
// stays while another VM is on the window.
type consoles struct {
	w    *window
	byVM map[string]*consoleOf
	size float32
}

// consoleOf is a VM's console.
type consoleOf struct {
	terminal *console.Console
	// conn is what the terminal is attached to, nil while it is not.
	conn    app.Console
	opening bool
	trouble string
	// shown tells that the terminal has the text of the last run.
	shown bool
	// wanted is the terminal's size in cells, told the guest that it is.
	wanted, told [2]int
	telling      bool
}

func newConsoles(w *window) *consoles {
	return &consoles{w: w, byVM: map[string]*consoleOf{}, size: textSizeNormal}
}

// of is a VM's console.
func (c *consoles) of(vm string) *consoleOf {
	if of, ok := c.byVM[vm]; ok {
		return of
	}
	of := &consoleOf{terminal: console.New(c.w.ui)}
	of.terminal.SetFontSize(c.size)
	of.terminal.OnClosed = func(error) { c.ended(of) }
	of.terminal.OnResize = func(cols, rows int) { c.resized(of, cols, rows) }
	of.terminal.OnShortcut = c.w.shortcut
	c.byVM[vm] = of
	return of
}

// follow opens the console of the VM on the window while it runs, and shows the
// text of its last run while it does not.
func (c *consoles) follow(r reading) {
	for name, of := range c.byVM {
		if _, there := r.vm(name); !there {
			of.terminal.Detach()
			delete(c.byVM, name)
		}
	}
	v, ok := r.vm(r.chosen)
	if !ok {
		return
	}
	of := c.of(v.Name)
	switch {
	case v.State.Alive() && of.conn == nil && !of.opening:
		c.open(v.Name, of)
	case !v.State.Alive() && !of.shown && !of.opening:
		c.readLast(v.Name, of)
	}
}

func (c *consoles) open(vm string, of *consoleOf) {
	of.opening = true
	var conn app.Console
	c.w.call(func(ctx context.Context) (err error) {
		conn, err = c.w.svc.Console(ctx, vm)
		return err
	}, func(err error) {
		of.opening = false
		switch {
		case err != nil:
			of.trouble = app.Explain(err).Detail
		case c.byVM[vm] != of || c.w.ctx.Err() != nil:
			conn.Close()
		default:
			of.trouble, of.conn, of.shown, of.told = "", conn, true, [2]int{}
			of.terminal.Clear() // what is there comes again, before what is new
			of.terminal.Attach(conn)
			c.tellSize(of)
		}
		c.w.redraw()
	})
}

// ended is called when the other side has ended a console.
func (c *consoles) ended(of *consoleOf) {
	of.conn = nil
	c.w.reader.soon()
	c.w.redraw()
}

func (c *consoles) readLast(vm string, of *consoleOf) {
	of.shown = true
	var text []byte
	c.w.call(func(ctx context.Context) (err error) {
		text, err = c.w.svc.LastConsole(ctx, vm)
		return err
	}, func(err error) {
		// Text that cannot be read is no reason to disturb anybody.
		if err == nil && of.conn == nil {
			of.terminal.Feed(text)
		}
	})
}

func (c *consoles) resized(of *consoleOf, cols, rows int) {
	of.wanted = [2]int{cols, rows}
	c.tellSize(of)
}

// tellSize tells the guest the size of its terminal, one word at a time.
func (c *consoles) tellSize(of *consoleOf) {
	conn, size := of.conn, of.wanted
	if conn == nil || of.telling || size == of.told || size[0] == 0 {
		return
	}
	of.telling = true
	c.w.call(func(ctx context.Context) error {
		return conn.Resize(ctx, size[0], size[1])
	}, func(error) {
		// A guest that takes no sizes keeps its own.
		of.telling = false
		of.told = size
		c.tellSize(of)
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
	for _, of := range c.byVM {
		of.terminal.SetFontSize(c.size)
	}
}

// close detaches from all consoles.
func (c *consoles) close() {
	for _, of := range c.byVM {
		of.terminal.Detach()
	}
}

// terminalOnWindow is the terminal of the VM on the window, if it is attached.
func (w *window) terminalOnWindow() (*console.Console, bool) {
	v, ok := w.chosen()
	if !ok || !w.parts.all.Visible() {
		return nil, false
	}
	of := w.consoles.of(v.Name)
	return of.terminal, of.conn != nil
}

// drawPlace draws the terminal's place: the terminal, and over it why it does
// not answer.
func (w *window) drawPlace() {
	p := &w.parts
	v, ok := w.chosen()
	if !ok {
		return
	}
	of := w.consoles.of(v.Name)
	if p.place.Objects[0] != fyne.CanvasObject(of.terminal) {
		p.place.Objects[0] = of.terminal
		p.place.Refresh()
	}
	live := of.conn != nil && v.State.Alive()
	if !live {
		w.drawOff(v, of)
	}
	w.setVisible(p.off, !live)
	if live && w.focusNext == v.Name {
		w.focusNext = ""
		w.focusMain()
	}
}

func (w *window) drawOff(v app.VM, of *consoleOf) {
	off := w.parts.off
	if doing := w.busy[v.Name]; doing != "" {
		off.Set(doing, "", "")
		return
	}
	job, at, runs := w.jobs.of(v.Name)
	switch {
	case runs && job.Kind.ReplacesDisk():
		off.Set(textJob(job), textDots(at.Phase), "")
	case v.State == app.Broken:
		off.Set(textBroken(v.Name), v.Problem, "")
	case v.State.Alive() && of.trouble != "":
		off.Set(textNoConsole(v.Name), of.trouble, "")
	case v.State.Alive():
		off.Set(textConnecting(), "", "")
	default:
		about := ""
		if v.Left != "" {
			about = textLeft(v.Left, textAge(v.LeftAt, w.last.at))
		}
		off.Set(textOff(v.Name), about, textStart())
	}
}

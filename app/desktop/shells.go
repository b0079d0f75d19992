//go:build !nogui

package desktop

import (
	"context"

	"fyne.io/fyne/v2"

	"vmterminal/app"
)

// shellOf is a shell in a guest. It outlives its connection, to tell how it
// ended.
type shellOf struct {
	cancel context.CancelFunc
	// open is the shell while it runs.
	open app.Shell
	// ended tells how, "" while it runs or was not opened yet.
	ended string
	// early are the keys that were typed while it was opened.
	early []func(to fyne.Focusable)
}

// mostEarly is how many keys wait for a shell.
const mostEarly = 1000

// typeAhead keeps a key for the shell that a tab opens.
func (t *tab) typeAhead(key func(to fyne.Focusable)) {
	if t.number > 0 && t.opening && len(t.shell.early) < mostEarly {
		t.shell.early = append(t.shell.early, key)
	}
}

func (s *shellOf) end() {
	if s.cancel != nil {
		s.cancel()
	}
}

// newShell opens one more shell in the guest on the window.
func (w *window) newShell() {
	v, of, ok := w.tabsOnWindow()
	if !ok {
		return
	}
	if !v.State.Alive() {
		w.tell(textOff(v.Name), textShellStartFirst())
		return
	}
	of.made++
	t := w.consoles.newTab(v.Name, of.made)
	of.add(t)
	w.consoles.openShell(t)
	w.redraw()
}

// openShell opens the shell of a tab, also after one that has ended.
func (c *consoles) openShell(t *tab) {
	ctx, cancel := context.WithCancel(c.w.ctx)
	t.shell = shellOf{cancel: cancel}
	t.opening, t.trouble = true, ""
	t.terminal.Clear()
	cols, rows := c.of(t.vm).terminal.Cells() // until the new one has its own place
	size := app.TerminalSize{Columns: uint16(cols), Rows: uint16(rows)}
	var shell app.Shell
	c.w.call(func(context.Context) (err error) {
		shell, err = c.w.svc.Shell(ctx, t.vm, size)
		return err
	}, func(err error) {
		t.opening = false
		switch {
		case err != nil:
			cancel()
			t.trouble = app.Explain(err).Detail
		case !c.has(t) || ctx.Err() != nil:
			cancel()
			shell.Close()
		default:
			t.terminal.OnClosed = func(error) { c.shellEnded(t, shell) }
			t.shell.open = shell
			c.attach(t, shell)
			for _, key := range t.shell.early {
				key(t.terminal)
			}
			t.shell.early = nil
			if c.w.onWindow(t) {
				c.w.focusNext = t.vm
			}
		}
		c.w.redraw()
	})
}

// shellEnded is called when a shell has ended, or its VM has.
func (c *consoles) shellEnded(t *tab, shell app.Shell) {
	t.conn, t.shell.open = nil, nil
	t.shell.end()
	t.shell.ended = textShellEnded()
	var code int
	c.w.call(func(context.Context) (err error) {
		code, err = shell.Exit()
		return err
	}, func(err error) {
		switch {
		case t.conn != nil || t.opening: // it was opened again
		case err != nil:
			t.shell.ended = app.Explain(err).Detail
		case code != 0:
			t.shell.ended = textShellExit(code)
		}
		c.w.redraw()
	})
	c.w.reader.soon()
	c.w.redraw()
	if c.w.onWindow(t) {
		c.w.focusMain() // onto the button that opens it again
	}
}

// onWindow tells whether a tab is the one to be seen.
func (w *window) onWindow(t *tab) bool {
	_, of, ok := w.tabsOnWindow()
	return ok && of.shown() == t
}

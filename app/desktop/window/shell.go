package window

import (
	"context"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/lang"

	"vmterminal/app"
	"vmterminal/app/desktop/words"
)

// guestShell is a shell in a guest. It outlives its connection, so that the tab can show
// how it ended.
type guestShell struct {
	cancel context.CancelFunc
	// open is the shell while it runs, or nil.
	open app.Shell
	// ended describes how the shell ended; it is "" before that.
	ended string
	// earlyKeys are the keys typed while the shell was opening.
	earlyKeys []func(to fyne.Focusable)
}

// maxEarlyKeys limits the length of guestShell.earlyKeys.
const maxEarlyKeys = 1000

// typeAhead stores a key for the shell that the tab is opening.
func (t *tab) typeAhead(key func(to fyne.Focusable)) {
	if t.number > 0 && t.opening && len(t.shell.earlyKeys) < maxEarlyKeys {
		t.shell.earlyKeys = append(t.shell.earlyKeys, key)
	}
}

func (s *guestShell) end() {
	if s.cancel != nil {
		s.cancel()
	}
}

// newShell opens another shell in the selected VM.
func (ts *terminals) newShell() {
	v, tabs, ok := ts.tabsShown()
	if !ok {
		return
	}
	if !v.State.Alive() {
		ts.modal.showMessage(lang.L("{{.VM}} is stopped", words.Values{"VM": v.Name}), lang.L("A shell runs inside the guest. Start the VM first."))
		return
	}
	tabs.shellsOpened++
	t := ts.consoles.newTab(v.Name, tabs.shellsOpened)
	tabs.add(t)
	ts.consoles.openShell(t)
	ts.redraw()
}

// openShell opens the shell of a tab, or reopens it after it has exited.
func (c *consoles) openShell(t *tab) {
	ctx, cancel := context.WithCancel(c.ctx)
	t.shell = guestShell{cancel: cancel}
	t.opening, t.openError = true, ""
	t.terminal.Clear()
	cols, rows := c.consoleTab(t.vm).terminal.Cells() // until the new terminal has a size
	size := app.TerminalSize{Columns: uint16(cols), Rows: uint16(rows)}
	var shell app.Shell
	c.call(func(context.Context) (err error) {
		shell, err = c.svc.Shell(ctx, t.vm, size)
		return err
	}, func(err error) {
		t.opening = false
		switch {
		case err != nil:
			cancel()
			t.openError = app.Explain(err).Cause
		case !c.hasTab(t) || ctx.Err() != nil:
			cancel()
			shell.Close()
		default:
			t.terminal.OnClosed = func(error) { c.shellEnded(t, shell) }
			t.shell.open = shell
			c.attach(t, shell)
			for _, key := range t.shell.earlyKeys {
				key(t.terminal)
			}
			t.shell.earlyKeys = nil
			if c.isShown(t) {
				c.focusNext = t.vm
			}
		}
		c.redraw()
	})
}

// shellEnded handles a shell that has exited or whose VM has stopped.
func (c *consoles) shellEnded(t *tab, shell app.Shell) {
	t.conn, t.shell.open = nil, nil
	t.shell.end()
	t.shell.ended = lang.L("The shell exited normally.")
	var code int
	c.call(func(context.Context) (err error) {
		code, err = shell.Exit()
		return err
	}, func(err error) {
		switch {
		case t.conn != nil || t.opening: // reopened meanwhile
		case err != nil:
			t.shell.ended = app.Explain(err).Cause
		case code != 0:
			t.shell.ended = lang.L("The shell exited with code {{.Code}}.", words.Values{"Code": code})
		}
		c.redraw()
	})
	c.reader.refresh()
	c.redraw()
	if c.isShown(t) {
		c.focusMain() // focuses the Reopen button
	}
}

// isShown reports whether a tab is shown.
func (ts *terminals) isShown(t *tab) bool {
	_, tabs, ok := ts.tabsShown()
	return ok && tabs.shown() == t
}

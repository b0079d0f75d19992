package console

import (
	"fmt"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"

	"vmterminal/widgets/screen"
)

const doubleClick = 400 * time.Millisecond

// mouse is what must be remembered between two of its events.
type mouse struct {
	wheel   float32 // lines not yet scrolled
	button  desktop.MouseButton
	at      [2]int // the cell last reported
	pressed time.Time
	pressAt screen.Pos
	clicks  int
	anchor  screen.Range // what the selection began with
	pull    pull
	over    pointed
}

// The numbers of buttons in reports.
const (
	reportRelease = 3
	reportMotion  = 32
	reportWheelUp = 64
)

var reportButtons = map[desktop.MouseButton]int{
	desktop.MouseButtonPrimary: 0, desktop.MouseButtonTertiary: 1, desktop.MouseButtonSecondary: 2,
}

// reports tells whether mouse events go to the guest. With Shift they are
// ours.
func (c *Console) reports(m screen.Modes) bool {
	return m.Mouse != screen.MouseNone && c.mods&fyne.KeyModifierShift == 0 && c.Attached()
}

// cellAt is the cell under a place of the widget.
func (c *Console) cellAt(p fyne.Position) (col, row int) {
	c.mu.Lock()
	cols, rows := c.model.Size()
	c.mu.Unlock()
	col = min(max(int(p.X/c.cell.Width), 0), cols-1)
	row = min(max(int(p.Y/c.cell.Height), 0), rows-1)
	return col, row
}

// MouseDown begins a selection, or tells the guest.
func (c *Console) MouseDown(e *desktop.MouseEvent) {
	if canvas := fyne.CurrentApp().Driver().CanvasForObject(c); canvas != nil {
		canvas.Focus(c)
	}
	c.mouse.button = e.Button
	if modes := c.modes(); c.reports(modes) {
		c.report(e.Position, reportButtons[e.Button], e.Modifier, false)
		return
	}
	if e.Button == desktop.MouseButtonPrimary && e.Modifier&fyne.KeyModifierControl != 0 && c.openLink(e.Position) {
		return
	}
	if e.Button == desktop.MouseButtonPrimary {
		c.beginSelection(e.Position, e.Modifier)
	}
}

// MouseUp tells the guest.
func (c *Console) MouseUp(e *desktop.MouseEvent) {
	c.mouse.button = 0
	if modes := c.modes(); c.reports(modes) && modes.Mouse != screen.MousePress {
		c.report(e.Position, reportButtons[e.Button], e.Modifier, true)
	}
}

// Dragged extends the selection, or tells the guest.
func (c *Console) Dragged(e *fyne.DragEvent) {
	modes := c.modes()
	if !c.reports(modes) {
		c.drag(e.Position)
		return
	}
	c.moved(e.Position, modes)
}

// DragEnd is called when the button is released after a drag.
func (c *Console) DragEnd() { c.mouse.pull.on = false }

// MouseIn is called when the pointer comes.
func (c *Console) MouseIn(*desktop.MouseEvent) {}

// MouseMoved tells the guest, and looks for a link.
func (c *Console) MouseMoved(e *desktop.MouseEvent) {
	c.pointAt(e.Position)
	if modes := c.modes(); c.reports(modes) {
		c.moved(e.Position, modes)
	}
}

// MouseOut is called when the pointer leaves.
func (c *Console) MouseOut() { c.pointAway() }

func (c *Console) moved(p fyne.Position, m screen.Modes) {
	col, row := c.cellAt(p)
	if c.mouse.at == [2]int{col, row} {
		return
	}
	button, pressed := reportButtons[c.mouse.button]
	switch {
	case m.Mouse == screen.MouseAll && !pressed:
		button = reportRelease
	case m.Mouse < screen.MouseDrags || !pressed:
		return
	}
	c.report(p, button+reportMotion, c.mods, false)
}

func (c *Console) reportWheel(p fyne.Position, lines int) {
	button := reportWheelUp
	if lines < 0 {
		button++
	}
	for range max(1, max(lines, -lines)/3) {
		c.report(p, button, c.mods, false)
	}
}

// report sends a mouse event in the form the guest asked for.
func (c *Console) report(p fyne.Position, button int, mods fyne.KeyModifier, release bool) {
	col, row := c.cellAt(p)
	c.mouse.at = [2]int{col, row}
	c.send(encodeMouse(button, col, row, mods, release, c.modes()))
}

func encodeMouse(button, col, row int, mods fyne.KeyModifier, release bool, m screen.Modes) []byte {
	if m.Mouse != screen.MousePress {
		button += (modifierNumber(mods) - 1) * 4
	}
	if m.MouseSGR {
		final := 'M'
		if release {
			final = 'm'
		}
		return fmt.Appendf(nil, "\x1b[<%d;%d;%d%c", button, col+1, row+1, final)
	}
	if release {
		button |= reportRelease
	}
	const most = 255 - 32
	if col+1 > most || row+1 > most {
		return nil
	}
	return []byte{0x1b, '[', 'M', byte(32 + button), byte(33 + col), byte(33 + row)}
}

// Cursor is the pointer's shape: for text, unless the guest has the mouse.
func (c *Console) Cursor() desktop.Cursor {
	switch {
	case c.mouse.over.link != nil && c.mods&fyne.KeyModifierControl != 0:
		return desktop.PointerCursor
	case c.reports(c.modes()):
		return desktop.DefaultCursor
	}
	return desktop.TextCursor
}

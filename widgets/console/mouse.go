package console

import (
	"fmt"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"

	"vmterminal/widgets/screen"
)

const doubleClick = 400 * time.Millisecond

// mouse handles the mouse of a console. Its methods must be called on the UI goroutine.
type mouse struct {
	c       *Console
	wheel   float32 // lines not yet scrolled
	button  desktop.MouseButton
	at      [2]int // the last reported cell
	pressed time.Time
	pressAt screen.Pos
	clicks  int
	anchor  screen.Range // start of the selection
	pull    pull
	over    pointed
}

// Button numbers in mouse reports.
const (
	reportRelease = 3
	reportMotion  = 32
	reportWheelUp = 64
)

var reportButtons = map[desktop.MouseButton]int{
	desktop.MouseButtonPrimary: 0, desktop.MouseButtonTertiary: 1, desktop.MouseButtonSecondary: 2,
}

// reports reports whether mouse events go to the guest. With Shift they never do.
func (m *mouse) reports(modes screen.Modes) bool {
	return modes.Mouse != screen.MouseNone && m.c.mods&fyne.KeyModifierShift == 0 && m.c.Attached()
}

// cellAt returns the cell at a position of the widget.
func (m *mouse) cellAt(p fyne.Position) (col, row int) {
	m.c.mu.Lock()
	cols, rows := m.c.model.Size()
	m.c.mu.Unlock()
	col = min(max(int(p.X/m.c.view.cell.Width), 0), cols-1)
	row = min(max(int(p.Y/m.c.view.cell.Height), 0), rows-1)
	return col, row
}

// MouseDown starts a selection, opens a link, or reports the press to the guest.
func (c *Console) MouseDown(e *desktop.MouseEvent) {
	if canvas := fyne.CurrentApp().Driver().CanvasForObject(c); canvas != nil {
		canvas.Focus(c)
	}
	c.mouse.button = e.Button
	if modes := c.modes(); c.mouse.reports(modes) {
		c.mouse.report(e.Position, reportButtons[e.Button], e.Modifier, false)
		return
	}
	if e.Button == desktop.MouseButtonPrimary && e.Modifier&fyne.KeyModifierControl != 0 && c.mouse.openLink(e.Position) {
		return
	}
	if e.Button == desktop.MouseButtonPrimary {
		c.mouse.beginSelection(e.Position, e.Modifier)
	}
}

// MouseUp reports the release to a guest that requested it.
func (c *Console) MouseUp(e *desktop.MouseEvent) {
	c.mouse.button = 0
	if modes := c.modes(); c.mouse.reports(modes) && modes.Mouse != screen.MousePress {
		c.mouse.report(e.Position, reportButtons[e.Button], e.Modifier, true)
	}
}

// Dragged extends the selection, or reports the motion to the guest.
func (c *Console) Dragged(e *fyne.DragEvent) {
	modes := c.modes()
	if !c.mouse.reports(modes) {
		c.mouse.drag(e.Position)
		return
	}
	c.mouse.moved(e.Position, modes)
}

// DragEnd stops scrolling after a drag.
func (c *Console) DragEnd() { c.mouse.pull.on = false }

// MouseIn implements desktop.Hoverable.
func (c *Console) MouseIn(*desktop.MouseEvent) {}

// MouseMoved highlights links, and reports the motion to a guest that requested it.
func (c *Console) MouseMoved(e *desktop.MouseEvent) {
	c.mouse.pointAt(e.Position)
	if modes := c.modes(); c.mouse.reports(modes) {
		c.mouse.moved(e.Position, modes)
	}
}

// MouseOut implements desktop.Hoverable.
func (c *Console) MouseOut() { c.mouse.pointAway() }

func (m *mouse) moved(p fyne.Position, modes screen.Modes) {
	col, row := m.c.mouse.cellAt(p)
	if m.at == [2]int{col, row} {
		return
	}
	button, pressed := reportButtons[m.button]
	switch {
	case modes.Mouse == screen.MouseAll && !pressed:
		button = reportRelease
	case modes.Mouse < screen.MouseDrags || !pressed:
		return
	}
	m.report(p, button+reportMotion, m.c.mods, false)
}

func (m *mouse) reportWheel(p fyne.Position, lines int) {
	button := reportWheelUp
	if lines < 0 {
		button++
	}
	for range max(1, max(lines, -lines)/3) {
		m.report(p, button, m.c.mods, false)
	}
}

// report sends a mouse event in the encoding that the guest requested.
func (m *mouse) report(p fyne.Position, button int, mods fyne.KeyModifier, release bool) {
	col, row := m.c.mouse.cellAt(p)
	m.at = [2]int{col, row}
	m.c.send(encodeMouse(button, col, row, mods, release, m.c.modes()))
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

// Cursor returns the shape of the mouse pointer.
func (c *Console) Cursor() desktop.Cursor {
	switch {
	case c.mouse.over.link != nil && c.mods&fyne.KeyModifierControl != 0:
		return desktop.PointerCursor
	case c.mouse.reports(c.modes()):
		return desktop.DefaultCursor
	}
	return desktop.TextCursor
}

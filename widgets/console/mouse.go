package console

import (
	"fmt"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"

	"vmterminal/widgets/screen"
)

const doubleClickTime = 400 * time.Millisecond

// mouse handles the mouse of a console. Its methods must be called on the UI goroutine.
type mouse struct {
	c             *Console
	wheel         float32 // lines not yet scrolled
	button        desktop.MouseButton
	reportedCell  [2]int // the last one
	pressedAt     time.Time
	pressPosition screen.Pos
	clicks        int
	anchor        screen.Range // start of the selection
	scroll        dragScroll
	hovered       hoveredLink
}

// Button numbers in mouse reports.
const (
	buttonRelease = 3
	buttonMotion  = 32
	buttonWheelUp = 64
)

var buttonNumbers = map[desktop.MouseButton]int{
	desktop.MouseButtonPrimary: 0, desktop.MouseButtonTertiary: 1, desktop.MouseButtonSecondary: 2,
}

// isReported reports whether mouse events go to the guest. With Shift they never do.
func (m *mouse) isReported(modes screen.Modes) bool {
	m.c.mu.Lock()
	attached := m.c.connection != nil
	m.c.mu.Unlock()
	return attached && modes.Mouse != screen.MouseNone && m.c.keyboard.mods&fyne.KeyModifierShift == 0
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
	if modes := c.modes(); c.mouse.isReported(modes) {
		c.mouse.report(e.Position, buttonNumbers[e.Button], e.Modifier, false)
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
	if modes := c.modes(); c.mouse.isReported(modes) && modes.Mouse != screen.MousePress {
		c.mouse.report(e.Position, buttonNumbers[e.Button], e.Modifier, true)
	}
}

// Dragged extends the selection, or reports the motion to the guest.
func (c *Console) Dragged(e *fyne.DragEvent) {
	modes := c.modes()
	if !c.mouse.isReported(modes) {
		c.mouse.drag(e.Position)
		return
	}
	c.mouse.reportMove(e.Position, modes)
}

// DragEnd stops scrolling after a drag.
func (c *Console) DragEnd() { c.mouse.scroll.active = false }

// MouseIn implements desktop.Hoverable.
func (c *Console) MouseIn(*desktop.MouseEvent) {}

// MouseMoved highlights links, and reports the motion to a guest that requested it.
func (c *Console) MouseMoved(e *desktop.MouseEvent) {
	c.mouse.updateHovered(e.Position)
	if modes := c.modes(); c.mouse.isReported(modes) {
		c.mouse.reportMove(e.Position, modes)
	}
}

// MouseOut implements desktop.Hoverable.
func (c *Console) MouseOut() { c.mouse.setHovered(screen.Pos{Line: -1}, nil, screen.Range{}) }

func (m *mouse) reportMove(p fyne.Position, modes screen.Modes) {
	col, row := m.cellAt(p)
	if m.reportedCell == [2]int{col, row} {
		return
	}
	button, isPressed := buttonNumbers[m.button]
	switch {
	case modes.Mouse == screen.MouseAll && !isPressed:
		button = buttonRelease
	case modes.Mouse < screen.MouseDrags || !isPressed:
		return
	}
	m.report(p, button+buttonMotion, m.c.keyboard.mods, false)
}

func (m *mouse) reportWheel(p fyne.Position, lines int) {
	button := buttonWheelUp
	if lines < 0 {
		button++
	}
	for range max(1, max(lines, -lines)/3) {
		m.report(p, button, m.c.keyboard.mods, false)
	}
}

// report sends a mouse event in the encoding that the guest requested.
func (m *mouse) report(p fyne.Position, button int, mods fyne.KeyModifier, release bool) {
	col, row := m.cellAt(p)
	m.reportedCell = [2]int{col, row}
	_, _ = m.c.Write(encodeMouse(button, col, row, mods, release, m.c.modes()))
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
		button |= buttonRelease
	}
	const maxCoordinate = 255 - 32
	if col+1 > maxCoordinate || row+1 > maxCoordinate {
		return nil
	}
	return []byte{0x1b, '[', 'M', byte(32 + button), byte(33 + col), byte(33 + row)}
}

// Cursor returns the shape of the mouse pointer.
func (c *Console) Cursor() desktop.Cursor {
	switch {
	case c.mouse.hovered.url != nil && c.keyboard.mods&fyne.KeyModifierControl != 0:
		return desktop.PointerCursor
	case c.mouse.isReported(c.modes()):
		return desktop.DefaultCursor
	}
	return desktop.TextCursor
}

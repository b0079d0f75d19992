package console

import "fyne.io/fyne/v2"

// A notch of a wheel is 25 on Linux and Windows; it moves three lines.
const wheelLine = 25.0 / 3

// Scrolled turns the wheel: for the guest if it asked for the mouse, as cursor
// keys for a program on the alternate screen, else through the scrollback.
func (c *Console) Scrolled(e *fyne.ScrollEvent) {
	c.mouse.wheel += e.Scrolled.DY / wheelLine
	lines := int(c.mouse.wheel)
	c.mouse.wheel -= float32(lines)
	if lines == 0 {
		return
	}
	modes := c.modes()
	switch {
	case c.reports(modes):
		c.reportWheel(e.Position, lines)
	case modes.Alternate:
		key := fyne.KeyUp
		if lines < 0 {
			key = fyne.KeyDown
		}
		for range max(lines, -lines) {
			if modes.WheelKeys {
				c.send(encodeKey(key, 0, modes))
			}
		}
	default:
		c.ScrollBy(-lines)
	}
}

// ScrollBy moves the view through the scrollback: up for lines below 0.
func (c *Console) ScrollBy(lines int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	top := c.viewTop() + int64(lines)
	first, _ := c.model.Lines()
	c.follow = false
	c.top = max(top, first)
	c.viewTop()
	c.touch()
}

// ScrollToEnd goes back to the guest's screen and follows it.
func (c *Console) ScrollToEnd() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.follow {
		c.follow = true
		c.touch()
	}
}

func (c *Console) scrollPages(pages int) {
	c.mu.Lock()
	_, rows := c.model.Size()
	c.mu.Unlock()
	c.ScrollBy(pages * max(1, rows-1))
}

package console

import "fyne.io/fyne/v2"

// Fyne reports a distance of 25 per wheel notch on Linux and Windows; a notch scrolls three
// lines.
const wheelLine = 25.0 / 3

// Scrolled handles the wheel. It reports to a guest that uses the mouse, sends cursor keys on
// the alternate screen, and otherwise scrolls through the scrollback.
func (c *Console) Scrolled(e *fyne.ScrollEvent) {
	c.mouse.wheel += e.Scrolled.DY / wheelLine
	lines := int(c.mouse.wheel)
	c.mouse.wheel -= float32(lines)
	if lines == 0 {
		return
	}
	modes := c.modes()
	switch {
	case c.mouse.isReported(modes):
		c.mouse.reportWheel(e.Position, lines)
	case modes.Alternate:
		key := fyne.KeyUp
		if lines < 0 {
			key = fyne.KeyDown
		}
		for range max(lines, -lines) {
			if modes.WheelKeys {
				_, _ = c.Write(encodeKey(key, 0, modes))
			}
		}
	default:
		c.ScrollBy(-lines)
	}
}

// ScrollBy scrolls the view, up if lines is negative.
func (c *Console) ScrollBy(lines int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	top := c.frames.viewTop() + int64(lines)
	first, _ := c.model.Lines()
	c.follow = false
	c.top = max(top, first)
	c.frames.viewTop()
	c.frames.request()
}

// ScrollToEnd shows the guest's screen and follows it.
func (c *Console) ScrollToEnd() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.follow {
		c.follow = true
		c.frames.request()
	}
}

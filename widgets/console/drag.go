package console

import (
	"time"

	"fyne.io/fyne/v2"
)

const (
	// pullEvery is the time between two scrolls while the pointer is held
	// outside with a selection.
	pullEvery = 50 * time.Millisecond
	mostPull  = 10 // lines at once
)

// pull is a selection whose end is outside the widget, which scrolls.
type pull struct {
	at      fyne.Position
	on      bool // the button is held
	running bool
}

// drag extends the selection, and scrolls for as long as the pointer stays above
// or below.
func (c *Console) drag(p fyne.Position) {
	c.mouse.pull.at, c.mouse.pull.on = p, true
	c.extendSelection(p)
	if !c.mouse.pull.running && c.pulled() != 0 {
		c.mouse.pull.running = true
		c.pullOn()
	}
}

// pulled is how many lines to scroll: more the further away the pointer is.
func (c *Console) pulled() int {
	y, height := c.mouse.pull.at.Y, c.Size().Height
	switch {
	case y < 0:
		return max(-mostPull, int(y/c.cell.Height)-1)
	case y > height:
		return min(mostPull, int((y-height)/c.cell.Height)+1)
	}
	return 0
}

func (c *Console) pullOn() {
	lines := c.pulled()
	if !c.mouse.pull.on || lines == 0 {
		c.mouse.pull.running = false
		return
	}
	c.ScrollBy(lines)
	c.extendSelection(c.mouse.pull.at)
	time.AfterFunc(pullEvery, func() { c.onUI(c.pullOn) })
}

package console

import (
	"time"

	"fyne.io/fyne/v2"
)

const (
	// dragScrollInterval is the time between two scrolls while a selection is dragged outside
	// the widget.
	dragScrollInterval = 50 * time.Millisecond
	maxDragScroll      = 10 // lines at once
)

// pull is the state of a selection whose end is dragged outside the widget.
type pull struct {
	at      fyne.Position
	on      bool // the button is pressed
	running bool
}

// drag extends the selection, and scrolls while the pointer stays above or below the widget.
func (m *mouse) drag(p fyne.Position) {
	m.pull.at, m.pull.on = p, true
	m.extendSelection(p)
	if !m.pull.running && m.pulled() != 0 {
		m.pull.running = true
		m.pullOn()
	}
}

// pulled returns the number of lines to scroll, which grows with the distance of the pointer.
func (m *mouse) pulled() int {
	y, height := m.pull.at.Y, m.c.Size().Height
	switch {
	case y < 0:
		return max(-maxDragScroll, int(y/m.c.view.cell.Height)-1)
	case y > height:
		return min(maxDragScroll, int((y-height)/m.c.view.cell.Height)+1)
	}
	return 0
}

func (m *mouse) pullOn() {
	lines := m.pulled()
	if !m.pull.on || lines == 0 {
		m.pull.running = false
		return
	}
	m.c.ScrollBy(lines)
	m.extendSelection(m.pull.at)
	time.AfterFunc(dragScrollInterval, func() { m.c.onUI(m.pullOn) })
}

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

// dragScroll is the state of a selection whose end is dragged outside the widget.
type dragScroll struct {
	pointer fyne.Position
	active  bool // the button is pressed
	running bool
}

// drag extends the selection, and scrolls while the pointer stays above or below the widget.
func (m *mouse) drag(p fyne.Position) {
	m.scroll.pointer, m.scroll.active = p, true
	m.extendSelection(p)
	if !m.scroll.running && m.dragScrollLines() != 0 {
		m.scroll.running = true
		m.continueDragScroll()
	}
}

// dragScrollLines returns the number of lines to scroll, which grows with the distance of the pointer.
func (m *mouse) dragScrollLines() int {
	y, height := m.scroll.pointer.Y, m.c.Size().Height
	switch {
	case y < 0:
		return max(-maxDragScroll, int(y/m.c.view.cell.Height)-1)
	case y > height:
		return min(maxDragScroll, int((y-height)/m.c.view.cell.Height)+1)
	}
	return 0
}

func (m *mouse) continueDragScroll() {
	lines := m.dragScrollLines()
	if !m.scroll.active || lines == 0 {
		m.scroll.running = false
		return
	}
	m.c.ScrollBy(lines)
	m.extendSelection(m.scroll.pointer)
	time.AfterFunc(dragScrollInterval, func() { m.c.onUI(m.continueDragScroll) })
}

package console

import (
	"net/url"

	"fyne.io/fyne/v2"

	"vmterminal/widgets/screen"
)

// hoveredLink is the link under the pointer.
type hoveredLink struct {
	pos screen.Pos
	url *url.URL
}

// updateHovered updates the link under the pointer.
func (m *mouse) updateHovered(p fyne.Position) {
	at := m.positionAt(p)
	if at == m.hovered.pos {
		return
	}
	link, r := m.linkAt(at)
	m.setHovered(at, link, r)
}

func (m *mouse) setHovered(at screen.Pos, link *url.URL, r screen.Range) {
	m.hovered.pos = at
	m.c.mu.Lock()
	if m.c.hovered != r {
		m.c.hovered = r
		m.c.frames.request()
	}
	m.c.mu.Unlock()
	before := m.hovered.url
	if m.hovered.url = link; link == nil && before == nil {
		return
	}
	if m.c.OnLink != nil {
		m.c.OnLink(link)
	}
}

// positionAt returns the text position of the cell at a position of the widget.
func (m *mouse) positionAt(p fyne.Position) screen.Pos {
	col, row := m.cellAt(p)
	m.c.mu.Lock()
	defer m.c.mu.Unlock()
	return screen.Pos{Line: m.c.frames.viewTop() + int64(row), Col: col}
}

func (m *mouse) linkAt(at screen.Pos) (*url.URL, screen.Range) {
	m.c.mu.Lock()
	defer m.c.mu.Unlock()
	return m.c.model.LinkAt(at)
}

// openLink opens the link at p and reports whether it did. It opens only a link that was
// highlighted, since the text may have changed.
func (m *mouse) openLink(p fyne.Position) bool {
	highlighted := m.hovered.url
	link, _ := m.linkAt(m.positionAt(p))
	if highlighted == nil || link == nil || link.String() != highlighted.String() {
		return false
	}
	if m.c.OnOpen != nil {
		m.c.OnOpen(link)
	}
	return true
}

package console

import (
	"net/url"

	"fyne.io/fyne/v2"

	"vmterminal/widgets/screen"
)

// pointed is the link under the pointer.
type pointed struct {
	at   screen.Pos
	link *url.URL
}

// pointAt updates the link under the pointer.
func (m *mouse) pointAt(p fyne.Position) {
	at := m.under(p)
	if at == m.over.at {
		return
	}
	link, r := m.c.mouse.linkAt(at)
	m.point(at, link, r)
}

// pointAway handles a pointer that has left the widget.
func (m *mouse) pointAway() { m.point(screen.Pos{Line: -1}, nil, screen.Range{}) }

func (m *mouse) point(at screen.Pos, link *url.URL, r screen.Range) {
	m.over.at = at
	m.c.mu.Lock()
	if m.c.hovered != r {
		m.c.hovered = r
		m.c.frames.touch()
	}
	m.c.mu.Unlock()
	before := m.over.link
	if m.over.link = link; link == nil && before == nil {
		return
	}
	if m.c.OnLink != nil {
		m.c.OnLink(link)
	}
}

// under returns the text position of the cell at a position of the widget.
func (m *mouse) under(p fyne.Position) screen.Pos {
	col, row := m.c.mouse.cellAt(p)
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
	highlighted := m.over.link
	link, _ := m.c.mouse.linkAt(m.under(p))
	if highlighted == nil || link == nil || link.String() != highlighted.String() {
		return false
	}
	if m.c.OnOpen != nil {
		m.c.OnOpen(link)
	}
	return true
}

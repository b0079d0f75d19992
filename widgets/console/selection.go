package console

import (
	"time"

	"fyne.io/fyne/v2"

	"vmterminal/widgets/screen"
)

// boundaryAt returns the text position nearest to a position of the widget: the right half of a
// cell belongs to the next cell.
func (m *mouse) boundaryAt(p fyne.Position) screen.Pos {
	_, row := m.cellAt(p)
	m.c.mu.Lock()
	defer m.c.mu.Unlock()
	return screen.Pos{Line: m.c.frames.viewTop() + int64(row), Col: max(0, int(p.X/m.c.view.cell.Width+0.5))}
}

// beginSelection handles a press: the first sets the anchor, the second selects a word, the
// third a line. With Shift the selection is extended.
func (m *mouse) beginSelection(p fyne.Position, mods fyne.KeyModifier) {
	at := m.boundaryAt(p)
	if mods&fyne.KeyModifierShift != 0 && m.clicks > 0 {
		m.extendSelection(p)
		return
	}
	isRepeated := time.Since(m.pressedAt) < doubleClickTime && m.pressPosition == at
	m.pressedAt, m.pressPosition = time.Now(), at
	m.clicks++
	if !isRepeated || m.clicks > 3 {
		m.clicks = 1
	}
	m.anchor = m.clickedRange(p)
	m.selectRange(m.anchor)
}

// clickedRange returns what a click at p selects: a position, a word or a line.
func (m *mouse) clickedRange(p fyne.Position) screen.Range {
	at := m.boundaryAt(p)
	switch m.clicks {
	case 2:
		col, _ := m.cellAt(p)
		m.c.mu.Lock()
		defer m.c.mu.Unlock()
		return m.c.model.WordAt(screen.Pos{Line: at.Line, Col: col})
	case 3:
		m.c.mu.Lock()
		defer m.c.mu.Unlock()
		return m.c.model.Paragraph(at.Line)
	}
	return screen.Range{From: at, To: at}
}

// extendSelection selects from the anchor to p.
func (m *mouse) extendSelection(p fyne.Position) {
	r, here := m.anchor, m.clickedRange(p)
	if here.From.Before(r.From) {
		r.From = here.From
	}
	if r.To.Before(here.To) {
		r.To = here.To
	}
	m.selectRange(r)
}

func (m *mouse) selectRange(r screen.Range) {
	m.c.mu.Lock()
	defer m.c.mu.Unlock()
	if m.c.selected != r {
		m.c.selected = r
		m.c.frames.request()
	}
}

// SelectAll selects scrollback and screen.
func (c *Console) SelectAll() {
	c.mu.Lock()
	all := c.model.All()
	c.mu.Unlock()
	c.mouse.selectRange(all)
}

// SelectedText returns the selected text.
func (c *Console) SelectedText() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.selected.Empty() {
		return ""
	}
	return c.model.Text(c.selected)
}

// Copy copies the selected text, if any, to the clipboard.
func (c *Console) Copy() {
	if text := c.SelectedText(); text != "" {
		fyne.CurrentApp().Clipboard().SetContent(text)
	}
}

// DoubleTapped does nothing; MouseDown counts the clicks.
func (c *Console) DoubleTapped(*fyne.PointEvent) {}

// Tapped does nothing; MouseDown handles it.
func (c *Console) Tapped(*fyne.PointEvent) {}

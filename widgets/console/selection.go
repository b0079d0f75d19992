package console

import (
	"time"

	"fyne.io/fyne/v2"

	"vmterminal/widgets/screen"
)

// textAt is the place in the text under a place of the widget; the second half
// of a cell belongs to the next one.
func (c *Console) textAt(p fyne.Position) screen.Pos {
	_, row := c.cellAt(p)
	c.mu.Lock()
	defer c.mu.Unlock()
	return screen.Pos{Line: c.viewTop() + int64(row), Col: max(0, int(p.X/c.cell.Width+0.5))}
}

// beginSelection takes a press: the first sets the anchor, the second selects
// a word, the third a line; with Shift the selection reaches to here.
func (c *Console) beginSelection(p fyne.Position, mods fyne.KeyModifier) {
	at := c.textAt(p)
	if mods&fyne.KeyModifierShift != 0 && c.mouse.clicks > 0 {
		c.extendSelection(p)
		return
	}
	again := time.Since(c.mouse.pressed) < doubleClick && c.mouse.pressAt == at
	c.mouse.pressed, c.mouse.pressAt = time.Now(), at
	c.mouse.clicks++
	if !again || c.mouse.clicks > 3 {
		c.mouse.clicks = 1
	}
	c.mouse.anchor = c.piece(p)
	c.choose(c.mouse.anchor)
}

// piece is what a click at p stands for: a place, a word or a line.
func (c *Console) piece(p fyne.Position) screen.Range {
	at := c.textAt(p)
	switch c.mouse.clicks {
	case 2:
		col, _ := c.cellAt(p)
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.model.WordAt(screen.Pos{Line: at.Line, Col: col})
	case 3:
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.model.Paragraph(at.Line)
	}
	return screen.Range{From: at, To: at}
}

// extendSelection reaches from the anchor to p.
func (c *Console) extendSelection(p fyne.Position) {
	r, here := c.mouse.anchor, c.piece(p)
	if here.From.Before(r.From) {
		r.From = here.From
	}
	if r.To.Before(here.To) {
		r.To = here.To
	}
	c.choose(r)
}

func (c *Console) choose(r screen.Range) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.selected != r {
		c.selected = r
		c.touch()
	}
}

// SelectAll selects scrollback and screen.
func (c *Console) SelectAll() {
	c.mu.Lock()
	all := c.model.All()
	c.mu.Unlock()
	c.choose(all)
}

// SelectedText is the text that is selected.
func (c *Console) SelectedText() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.selected.Empty() {
		return ""
	}
	return c.model.Text(c.selected)
}

// Copy puts the selected text on the clipboard, if there is some.
func (c *Console) Copy() {
	if text := c.SelectedText(); text != "" {
		fyne.CurrentApp().Clipboard().SetContent(text)
	}
}

// DoubleTapped does nothing: MouseDown counts the clicks.
func (c *Console) DoubleTapped(*fyne.PointEvent) {}

// Tapped does nothing: MouseDown takes the focus.
func (c *Console) Tapped(*fyne.PointEvent) {}

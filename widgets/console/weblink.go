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

// pointAt looks for a link under the pointer.
func (c *Console) pointAt(p fyne.Position) {
	at := c.under(p)
	if at == c.mouse.over.at {
		return
	}
	link, r := c.linkAt(at)
	c.point(at, link, r)
}

// pointAway is for a pointer that has left.
func (c *Console) pointAway() { c.point(screen.Pos{Line: -1}, nil, screen.Range{}) }

func (c *Console) point(at screen.Pos, link *url.URL, r screen.Range) {
	c.mouse.over.at = at
	c.mu.Lock()
	if c.hovered != r {
		c.hovered = r
		c.touch()
	}
	c.mu.Unlock()
	before := c.mouse.over.link
	if c.mouse.over.link = link; link == nil && before == nil {
		return
	}
	if c.OnLink != nil {
		c.OnLink(link)
	}
}

// under is the place in the text whose cell is under a place of the widget.
func (c *Console) under(p fyne.Position) screen.Pos {
	col, row := c.cellAt(p)
	c.mu.Lock()
	defer c.mu.Unlock()
	return screen.Pos{Line: c.viewTop() + int64(row), Col: col}
}

func (c *Console) linkAt(at screen.Pos) (*url.URL, screen.Range) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.model.LinkAt(at)
}

// openLink opens the link at p and tells whether there is one. Only what the
// person was told is opened: the text may have changed since.
func (c *Console) openLink(p fyne.Position) bool {
	told := c.mouse.over.link
	link, _ := c.linkAt(c.under(p))
	if told == nil || link == nil || link.String() != told.String() {
		return false
	}
	if c.OnOpen != nil {
		c.OnOpen(link)
	}
	return true
}

package console

import (
	"image/color"
	"math"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"vmterminal/widgets/screen"
)

// resizeSettles is how long a size must stay before the guest hears of it.
const resizeSettles = 50 * time.Millisecond

// grid is what is used of the terminal widget's grid, whose type it does not
// export.
type grid interface {
	fyne.CanvasObject
	SetRow(row int, content widget.TextGridRow)
}

// renderer lays the terminal's grid between what we draw behind it and the
// cursor.
type renderer struct {
	console *Console
	objects []fyne.CanvasObject
}

// CreateRenderer is called by the toolkit, again after the console was out of
// sight for long: nothing drawn before is kept.
func (c *Console) CreateRenderer() fyne.WidgetRenderer {
	inner := c.Terminal.CreateRenderer()
	c.grid = inner.Objects()[0].(grid)
	c.gridRows = 0
	c.override = container.NewThemeOverride(c.grid, c.font)
	c.view = view{
		background: canvas.NewRectangle(color.Transparent),
		behind:     container.NewWithoutLayout(),
		cursor:     canvas.NewRectangle(color.Transparent),
		under:      canvas.NewText("", color.Transparent),
		wide:       map[int][]wideCell{},
	}
	c.view.cursor.Hide()
	c.view.under.Hide()
	r := &renderer{console: c, objects: []fyne.CanvasObject{
		c.view.background, c.view.behind, c.override, c.view.cursor, c.view.under,
	}}
	c.measure()
	c.takeColors()
	c.mu.Lock()
	c.redraw()
	c.mu.Unlock()
	return r
}

func (r *renderer) Layout(size fyne.Size) {
	c := r.console
	c.view.background.Resize(size)
	c.override.Resize(size)
	c.fit(size)
}

func (r *renderer) MinSize() fyne.Size { return r.console.MinSize() }

func (r *renderer) Objects() []fyne.CanvasObject { return r.objects }

func (r *renderer) Destroy() {}

func (r *renderer) Refresh() {
	c := r.console
	if c.measure() {
		c.override.Refresh()
		c.placeRows()
		c.fit(c.Size())
	}
	if c.takeColors() {
		c.mu.Lock()
		c.redraw()
		c.mu.Unlock()
	}
	c.mu.Lock()
	p := c.shown
	c.mu.Unlock()
	c.drawCursor(p)
}

// MinSize is the least size in cells.
func (c *Console) MinSize() fyne.Size {
	if c.cell.IsZero() {
		c.measure()
	}
	return fyne.NewSize(c.cell.Width*leastCols, c.cell.Height*leastRows)
}

// Resize is called by the layout.
func (c *Console) Resize(size fyne.Size) { c.BaseWidget.Resize(size) }

// measure finds the size of a cell as the grid does, and tells whether it is
// another than before.
func (c *Console) measure() bool {
	s := fyne.MeasureText("M", c.font.Size(theme.SizeNameText), fyne.TextStyle{Monospace: true})
	s.Width = float32(math.Round(float64(s.Width)))
	s.Height = float32(math.Round(float64(s.Height)))
	if s == c.cell || s.Width < 1 || s.Height < 1 {
		return false
	}
	c.cell = s
	return true
}

// placeRows lets the grid put its rows where they belong in letters of another
// size: it does that when its own size changes, and only then.
func (c *Console) placeRows() {
	size := c.grid.Size()
	c.grid.Resize(size.AddWidthHeight(0, 1))
	c.grid.Resize(size)
}

// fit gives the guest the columns and rows that fit in size, once it stays.
func (c *Console) fit(size fyne.Size) {
	cols, rows := int(size.Width/c.cell.Width), int(size.Height/c.cell.Height)
	if cols < leastCols || rows < leastRows {
		return
	}
	c.wanted = [2]int{cols, rows}
	if c.settle != nil {
		c.settle.Stop()
	}
	c.settle = time.AfterFunc(resizeSettles, func() {
		c.onUI(func() { c.resize(c.wanted[0], c.wanted[1]) })
	})
}

// takeColors reads the theme, and tells whether it changed.
func (c *Console) takeColors() bool {
	th, variant := appTheme(), fyne.CurrentApp().Settings().ThemeVariant()
	get := func(name fyne.ThemeColorName) color.NRGBA {
		return color.NRGBAModel.Convert(th.Color(name, variant)).(color.NRGBA)
	}
	colors := colors{
		foreground: get(theme.ColorNameForeground),
		background: get(theme.ColorNameBackground),
		cursor:     get(theme.ColorNamePrimary),
		found:      get(theme.ColorNameWarning),
	}
	colors.dark = luminance(colors.background) < luminance(colors.foreground)
	colors.selection = blend(get(theme.ColorNameSelection), colors.background)
	c.mu.Lock()
	defer c.mu.Unlock()
	if colors == c.styles.colors {
		return false
	}
	c.styles.colors = colors
	c.styles.forget()
	return true
}

func luminance(c color.NRGBA) int { return 3*int(c.R) + 6*int(c.G) + int(c.B) }

// drawBehind draws the background and the right halves of wide cells.
func (c *Console) drawBehind(p picture) {
	fill := color.NRGBA{}
	if p.back {
		fill = p.colors.foreground
	}
	if c.view.background.FillColor != fill {
		c.view.background.FillColor = fill
		c.view.background.Refresh()
	}
	changed := false
	for _, r := range p.rows {
		if len(r.wide) > 0 || len(c.view.wide[r.row]) > 0 {
			changed = true
			c.view.wide[r.row] = r.wide
		}
	}
	if !changed {
		return
	}
	c.view.behind.RemoveAll()
	for row, cells := range c.view.wide {
		for _, w := range cells {
			rect := canvas.NewRectangle(w.color)
			rect.Resize(c.cell)
			rect.Move(c.place(w.col, row))
			c.view.behind.Add(rect)
		}
	}
}

// place is where a cell is drawn.
func (c *Console) place(col, row int) fyne.Position {
	return fyne.NewPos(float32(col)*c.cell.Width, float32(row)*c.cell.Height)
}

// drawCursor draws the cursor in the guest's shape, or as a frame while the
// keys go elsewhere.
func (c *Console) drawCursor(p picture) {
	rect, under := c.view.cursor, c.view.under
	under.Hide()
	if !p.cursor.shown {
		rect.Hide()
		return
	}
	at := c.place(p.cursor.col, p.cursor.row)
	size := fyne.NewSize(c.cell.Width*float32(p.cursor.cells), c.cell.Height)
	rect.FillColor, rect.StrokeColor, rect.StrokeWidth = p.colors.cursor, color.Transparent, 0
	switch {
	case !c.focused:
		rect.FillColor, rect.StrokeColor, rect.StrokeWidth = color.Transparent, p.colors.cursor, 1
	case p.cursor.shape == screen.CursorBar:
		size.Width = 2
	case p.cursor.shape == screen.CursorUnderline:
		at.Y += size.Height - 2
		size.Height = 2
	case p.cursor.under > ' ':
		under.Text = string(p.cursor.under)
		under.Color = p.colors.background
		under.TextSize = c.font.Size(theme.SizeNameText)
		under.TextStyle = fyne.TextStyle{Monospace: true}
		under.Move(at)
		under.Show()
		under.Refresh()
	}
	rect.Move(at)
	rect.Resize(size)
	rect.Show()
	rect.Refresh()
}

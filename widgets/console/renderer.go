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

// resizeDelay is how long a size must be stable before the guest is notified.
const resizeDelay = 50 * time.Millisecond

// grid has the methods that we use of the terminal widget's grid, whose type is not exported.
type grid interface {
	fyne.CanvasObject
	SetRow(row int, content widget.TextGridRow)
}

// view draws a console: the terminal widget's grid between a background and a cursor of our
// own. It is used on the UI goroutine only.
type view struct {
	c               *Console
	grid            grid // nil before the first drawing
	gridRows        int
	font            *fontTheme
	override        *container.ThemeOverride
	cell            fyne.Size
	resizeTimer     *time.Timer
	wantedSize      [2]int // columns and rows once the size has settled
	sized           bool   // OnResize has been called
	background      *canvas.Rectangle
	wideBackgrounds *fyne.Container // right halves of wide cells with a background
	cursor          *canvas.Rectangle
	cursorText      *canvas.Text // the character under a block cursor
	wide            map[int][]wideCell
}

// CreateRenderer implements fyne.Widget. The toolkit calls it again after the console has been
// hidden for a while.
func (c *Console) CreateRenderer() fyne.WidgetRenderer {
	v := &c.view
	v.grid = c.Terminal.CreateRenderer().Objects()[0].(grid)
	v.gridRows = 0
	v.override = container.NewThemeOverride(v.grid, v.font)
	v.background, v.wideBackgrounds = canvas.NewRectangle(color.Transparent), container.NewWithoutLayout()
	v.cursor, v.cursorText = canvas.NewRectangle(color.Transparent), canvas.NewText("", color.Transparent)
	v.wide = map[int][]wideCell{}
	v.cursor.Hide()
	v.cursorText.Hide()
	v.measure()
	v.updateColors()
	c.mu.Lock()
	c.frames.redraw()
	c.mu.Unlock()
	return v
}

// Layout implements fyne.WidgetRenderer.
func (v *view) Layout(size fyne.Size) {
	v.background.Resize(size)
	v.override.Resize(size)
	v.scheduleResize(size)
}

// MinSize implements fyne.WidgetRenderer.
func (v *view) MinSize() fyne.Size { return v.c.MinSize() }

// Objects implements fyne.WidgetRenderer.
func (v *view) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{v.background, v.wideBackgrounds, v.override, v.cursor, v.cursorText}
}

// Destroy implements fyne.WidgetRenderer.
func (v *view) Destroy() {}

// Refresh implements fyne.WidgetRenderer.
func (v *view) Refresh() {
	if v.measure() {
		v.override.Refresh()
		v.moveRows()
		v.scheduleResize(v.c.Size())
	}
	newColors := v.updateColors()
	v.c.mu.Lock()
	if newColors {
		v.c.frames.redraw()
	}
	p := v.c.frames.shown
	v.c.mu.Unlock()
	v.drawCursor(p)
}

// draw draws a picture.
func (v *view) draw(p picture) {
	if v.grid == nil {
		return
	}
	for _, r := range p.rows {
		v.grid.SetRow(r.row, widget.TextGridRow{Cells: r.cells})
	}
	for row := p.height; row < v.gridRows; row++ {
		v.grid.SetRow(row, widget.TextGridRow{})
	}
	if len(p.rows) > 0 || p.height != v.gridRows {
		v.grid.Refresh()
	}
	v.gridRows = p.height
	v.drawBackground(p)
	v.drawCursor(p)
}

// MinSize returns the minimum size.
func (c *Console) MinSize() fyne.Size {
	if c.view.cell.IsZero() {
		c.view.measure()
	}
	return fyne.NewSize(c.view.cell.Width*minCols, c.view.cell.Height*minRows)
}

// Resize implements fyne.CanvasObject.
func (c *Console) Resize(size fyne.Size) { c.BaseWidget.Resize(size) }

// measure updates the cell size and reports whether it changed.
func (v *view) measure() bool {
	s := fyne.MeasureText("M", v.font.Size(theme.SizeNameText), fyne.TextStyle{Monospace: true})
	s.Width = float32(math.Round(float64(s.Width)))
	s.Height = float32(math.Round(float64(s.Height)))
	if s == v.cell || s.Width < 1 || s.Height < 1 {
		return false
	}
	v.cell = s
	return true
}

// moveRows makes the grid place its rows for a new text size: the grid does this only when its
// own size changes.
func (v *view) moveRows() {
	size := v.grid.Size()
	v.grid.Resize(size.AddWidthHeight(0, 1))
	v.grid.Resize(size)
}

// scheduleResize resizes the model to the columns and rows that fit into size, once the size has
// settled.
func (v *view) scheduleResize(size fyne.Size) {
	cols, rows := int(size.Width/v.cell.Width), int(size.Height/v.cell.Height)
	if cols < minCols || rows < minRows {
		return
	}
	v.wantedSize = [2]int{cols, rows}
	if v.resizeTimer != nil {
		v.resizeTimer.Stop()
	}
	v.resizeTimer = time.AfterFunc(resizeDelay, func() {
		v.c.onUI(func() { v.resizeModel(v.wantedSize[0], v.wantedSize[1]) })
	})
}

// resizeModel sets the size of the model once the widget's size has settled.
func (v *view) resizeModel(cols, rows int) {
	c := v.c
	c.mu.Lock()
	oldCols, oldRows := c.model.Size()
	if v.sized && cols == oldCols && rows == oldRows {
		c.mu.Unlock()
		return
	}
	v.sized = true // the first size is reported even if the model already has it
	c.model.Resize(cols, rows)
	if cols != oldCols { // line numbers change
		c.follow = true
		c.selected = screen.Range{}
		c.finder.dropMatches()
	}
	c.frames.request()
	c.mu.Unlock()
	if c.OnResize != nil {
		c.OnResize(cols, rows)
	}
}

// updateColors reads the theme's colors and reports whether they changed.
func (v *view) updateColors() bool {
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
	v.c.mu.Lock()
	defer v.c.mu.Unlock()
	if colors == v.c.frames.styles.colors {
		return false
	}
	v.c.frames.styles.colors = colors
	clear(v.c.frames.styles.cache)
	return true
}

func luminance(c color.NRGBA) int { return 3*int(c.R) + 6*int(c.G) + int(c.B) }

// drawBackground draws the background and the right halves of wide cells.
func (v *view) drawBackground(p picture) {
	fill := color.NRGBA{}
	if p.reverse {
		fill = p.colors.foreground
	}
	if v.background.FillColor != fill {
		v.background.FillColor = fill
		v.background.Refresh()
	}
	changed := false
	for _, r := range p.rows {
		if len(r.wide) > 0 || len(v.wide[r.row]) > 0 {
			changed = true
			v.wide[r.row] = r.wide
		}
	}
	if !changed {
		return
	}
	v.wideBackgrounds.RemoveAll()
	for row, cells := range v.wide {
		for _, w := range cells {
			rect := canvas.NewRectangle(w.color)
			rect.Resize(v.cell)
			rect.Move(v.cellPosition(w.col, row))
			v.wideBackgrounds.Add(rect)
		}
	}
}

// cellPosition returns the position of a cell.
func (v *view) cellPosition(col, row int) fyne.Position {
	return fyne.NewPos(float32(col)*v.cell.Width, float32(row)*v.cell.Height)
}

// drawCursor draws the cursor in the guest's shape, or as a frame without focus.
func (v *view) drawCursor(p picture) {
	rect, text := v.cursor, v.cursorText
	text.Hide()
	if !p.cursor.shown {
		rect.Hide()
		return
	}
	at := v.cellPosition(p.cursor.col, p.cursor.row)
	size := fyne.NewSize(v.cell.Width*float32(p.cursor.cells), v.cell.Height)
	rect.FillColor, rect.StrokeColor, rect.StrokeWidth = p.colors.cursor, color.Transparent, 0
	switch {
	case !v.c.keyboard.focused:
		rect.FillColor, rect.StrokeColor, rect.StrokeWidth = color.Transparent, p.colors.cursor, 1
	case p.cursor.shape == screen.CursorBar:
		size.Width = 2
	case p.cursor.shape == screen.CursorUnderline:
		at.Y += size.Height - 2
		size.Height = 2
	case p.cursor.under > ' ':
		text.Text = string(p.cursor.under)
		text.Color = p.colors.background
		text.TextSize = v.font.Size(theme.SizeNameText)
		text.TextStyle = fyne.TextStyle{Monospace: true}
		text.Move(at)
		text.Show()
		text.Refresh()
	}
	rect.Move(at)
	rect.Resize(size)
	rect.Show()
	rect.Refresh()
}

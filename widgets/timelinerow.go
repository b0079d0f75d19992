package widgets

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// A TimelineItem is the content of one row of a Timeline.
type TimelineItem struct {
	Name string
	// Age is shown to the right of the name, Detail and Description below it.
	Age, Detail, Description string
	// CurrentLabel is the label of the current snapshot, and empty for the others.
	CurrentLabel string
	// Alert shows the detail as a warning.
	Alert bool
}

// Geometry of a row: the rail with its dot at the left, the text to its right.
const (
	railX          = 18
	railText       = 36
	railDot        = 11
	railBridge     = 3
	rowTop         = 9
	rowRight       = 12
	rowHeight      = 50
	rowDescription = 17
)

func (i TimelineItem) rowHeight() float32 {
	if i.Description == "" {
		return rowHeight
	}
	return rowHeight + rowDescription
}

// A timelineRow shows one snapshot.
type timelineRow struct {
	widget.BaseWidget
	clickableRow

	item        TimelineItem
	first, last bool
}

func newTimelineRow() *timelineRow {
	r := &timelineRow{}
	r.ExtendBaseWidget(r)
	return r
}

// set shows an item; first and last mark the ends of the rail.
func (r *timelineRow) set(item TimelineItem, first, last bool) {
	if r.item == item && r.first == first && r.last == last {
		return
	}
	r.item, r.first, r.last = item, first, last
	r.Refresh()
}

// CreateRenderer implements fyne.Widget.
func (r *timelineRow) CreateRenderer() fyne.WidgetRenderer {
	rr := &timelineRowRenderer{
		row: r, rail: &canvas.Rectangle{}, dot: &canvas.Circle{StrokeWidth: 2},
		name: NewBold(""), age: NewCaption(""), detail: NewCaption(""), description: NewCaption(""), currentLabel: NewCaption(""),
	}
	rr.age.Whole, rr.currentLabel.Whole = true, true
	rr.currentLabel.Style.Bold = true
	rr.currentLabel.Color = theme.ColorNameHyperlink
	rr.description.Style.Italic = true
	rr.Refresh()
	return rr
}

type timelineRowRenderer struct {
	row *timelineRow

	rail                                         *canvas.Rectangle
	dot                                          *canvas.Circle
	name, age, detail, description, currentLabel *Line
}

func (rr *timelineRowRenderer) Layout(size fyne.Size) {
	line := rr.name.MinSize().Height
	small := rr.age.MinSize().Height
	middle := rowTop + line/2

	// The list leaves a gap between rows; the rail bridges it.
	top, bottom := float32(-railBridge), size.Height+railBridge
	if rr.row.first {
		top = middle
	}
	if rr.row.last {
		bottom = middle
	}
	rr.rail.Move(fyne.NewPos(railX-1, top))
	rr.rail.Resize(fyne.NewSize(2, bottom-top))
	rr.dot.Move(fyne.NewPos(railX-railDot/2.0, middle-railDot/2.0))
	rr.dot.Resize(fyne.NewSquareSize(railDot))

	right := size.Width - rowRight
	age := rr.age.MinSize().Width
	rr.age.Move(fyne.NewPos(right-age, rowTop+(line-small)/2))
	rr.age.Resize(fyne.NewSize(age, small))
	rr.name.Move(fyne.NewPos(railText, rowTop))
	rr.name.Resize(fyne.NewSize(max(0, right-age-8-railText), line))

	y := rowTop + line + 3
	here := rr.currentLabel.MinSize().Width
	rr.currentLabel.Move(fyne.NewPos(right-here, y))
	rr.currentLabel.Resize(fyne.NewSize(here, small))
	rr.detail.Move(fyne.NewPos(railText, y))
	rr.detail.Resize(fyne.NewSize(max(0, right-here-8-railText), small))
	rr.description.Move(fyne.NewPos(railText, y+small+3))
	rr.description.Resize(fyne.NewSize(max(0, right-railText), small))
}

func (rr *timelineRowRenderer) MinSize() fyne.Size {
	return fyne.NewSize(railText+80, rr.row.item.rowHeight())
}

func (rr *timelineRowRenderer) Refresh() {
	item := rr.row.item
	th, variant := rr.row.Theme(), fyne.CurrentApp().Settings().ThemeVariant()
	rr.rail.FillColor = th.Color(theme.ColorNameInputBorder, variant)
	if rr.row.first && rr.row.last {
		rr.rail.FillColor = color.Transparent
	}
	rr.dot.StrokeColor = th.Color(theme.ColorNamePlaceHolder, variant)
	rr.dot.FillColor = th.Color(theme.ColorNameHeaderBackground, variant)
	if item.CurrentLabel != "" {
		rr.dot.StrokeColor = th.Color(theme.ColorNamePrimary, variant)
		rr.dot.FillColor = rr.dot.StrokeColor
	}
	rr.name.Text, rr.age.Text, rr.detail.Text, rr.description.Text, rr.currentLabel.Text = item.Name, item.Age, item.Detail, item.Description, item.CurrentLabel
	rr.detail.Color = theme.ColorNamePlaceHolder
	if item.Alert {
		rr.detail.Color = theme.ColorNameError
	}
	rr.rail.Refresh()
	rr.dot.Refresh()
	for _, l := range []*Line{rr.name, rr.age, rr.detail, rr.description, rr.currentLabel} {
		l.Refresh()
	}
	rr.Layout(rr.row.Size())
}

func (rr *timelineRowRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{rr.rail, rr.dot, rr.name, rr.age, rr.detail, rr.description, rr.currentLabel}
}

func (rr *timelineRowRenderer) Destroy() {}

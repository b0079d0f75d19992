package widgets

import (
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// A JobItem is the content of one row of a JobBar.
type JobItem struct {
	ID    int64
	Icon  fyne.Resource
	Title string
	// Phase, Numbers and Fraction (0 to 1) describe the progress.
	Phase, Numbers string
	Fraction       float64
	// Button labels the button at the right, which cancels a running job and dismisses
	// the row of a finished one. If empty, there is no button.
	Button string
	// Ended shows Phase as the result; Failed shows it as an error.
	Ended, Failed bool
}

// A JobBar shows the running jobs and the latest results, one row each. It is hidden while
// it has no rows.
type JobBar struct {
	widget.BaseWidget

	// OnButton is called when a row's button is pressed.
	OnButton func(id int64)

	rows []*jobRow
	box  *fyne.Container
}

// NewJobBar returns an empty bar.
func NewJobBar() *JobBar {
	b := &JobBar{box: container.New(rowLayout(0))}
	b.ExtendBaseWidget(b)
	b.Hide()
	return b
}

// Items returns what the bar shows.
func (b *JobBar) Items() []JobItem {
	var items []JobItem
	for _, r := range b.rows {
		items = append(items, r.item)
	}
	return items
}

// Set shows the items, reusing the rows of jobs that are already shown.
func (b *JobBar) Set(items []JobItem) {
	sameJobs := slices.EqualFunc(b.rows, items, func(r *jobRow, i JobItem) bool { return r.item.ID == i.ID })
	if !sameJobs {
		oldRows := b.rows
		b.rows = nil
		b.box.RemoveAll()
		for _, item := range items {
			index := slices.IndexFunc(oldRows, func(r *jobRow) bool { return r.item.ID == item.ID })
			row := (*jobRow)(nil)
			if index >= 0 {
				row = oldRows[index]
			} else {
				row = newJobRow(item, func() { b.reportPress(item.ID) })
			}
			b.rows = append(b.rows, row)
			b.box.Add(row.object)
		}
	}
	for i, item := range items {
		b.rows[i].update(item)
	}
	if len(items) == 0 {
		b.Hide()
	} else {
		b.Show()
	}
	if !sameJobs {
		b.Refresh()
	}
}

func (b *JobBar) reportPress(id int64) {
	if b.OnButton != nil {
		b.OnButton(id)
	}
}

// CreateRenderer implements fyne.Widget.
func (b *JobBar) CreateRenderer() fyne.WidgetRenderer {
	return widget.NewSimpleRenderer(NewFrame(widget.NewSeparator(), nil, nil, nil, b.box))
}

// jobRow is one row of the bar.
type jobRow struct {
	item   JobItem
	object fyne.CanvasObject

	icon                  *widget.Icon
	title, phase, numbers *Line
	bar                   *Bar
	button                *widget.Button
}

// Fixed widths, so that columns do not move while figures change.
const (
	jobTitleWidth   = 300
	jobPhaseWidth   = 150
	jobNumbersWidth = 210
	jobRowHeight    = 40
)

func newJobRow(item JobItem, pressed func()) *jobRow {
	r := &jobRow{
		icon: widget.NewIcon(item.Icon), title: NewBold(""), phase: NewLine(""), numbers: NewCaption(""),
		bar: NewBar(), button: widget.NewButton("", pressed),
	}
	r.numbers.Align = fyne.TextAlignTrailing
	r.button.Importance = widget.LowImportance
	r.object = container.New(jobRowLayout{r}, r.icon, r.title, r.phase, r.bar, r.numbers, r.button, &canvas.Rectangle{})
	r.draw(item)
	return r
}

func (r *jobRow) update(item JobItem) {
	if r.item != item {
		r.draw(item)
	}
}

func (r *jobRow) draw(item JobItem) {
	layoutChanged := r.item.Ended != item.Ended || r.item.Button != item.Button
	r.item = item
	r.icon.SetResource(item.Icon)
	r.title.Set(item.Title)
	r.phase.Set(item.Phase)
	r.numbers.Set(item.Numbers)
	r.bar.Set(item.Fraction)
	if item.Failed {
		r.phase.SetColor(theme.ColorNameError)
	} else {
		r.phase.SetColor(theme.ColorNameForeground)
	}
	if r.button.Text != item.Button {
		r.button.SetText(item.Button)
	}
	r.bar.Hidden = item.Ended
	r.button.Hidden = item.Button == ""
	if layoutChanged {
		r.object.Refresh()
	}
}

// jobRowLayout lays out a row in columns of fixed width; the bar, or the result of a
// finished job, takes the rest.
type jobRowLayout struct{ row *jobRow }

// Layout implements fyne.Layout.
func (l jobRowLayout) Layout(_ []fyne.CanvasObject, size fyne.Size) {
	r := l.row
	const pad = 12
	put := func(o fyne.CanvasObject, x, width float32) {
		height := min(o.MinSize().Height, size.Height)
		o.Move(fyne.NewPos(x, (size.Height-height)/2))
		o.Resize(fyne.NewSize(max(0, width), height))
	}
	r.icon.Move(fyne.NewPos(pad, (size.Height-18)/2))
	r.icon.Resize(fyne.NewSquareSize(18))
	x := float32(pad + 18 + 10)
	title := min(jobTitleWidth, size.Width*0.26)
	put(r.title, x, title)
	x += title + pad

	right := size.Width - pad/2
	if !r.button.Hidden {
		width := r.button.MinSize().Width
		right -= width
		put(r.button, right, width)
	}
	numbers := float32(jobNumbersWidth)
	if r.item.Ended {
		numbers = min(numbers, fyne.MeasureText(r.item.Numbers, r.numbers.Theme().Size(r.numbers.TextSize), r.numbers.Style).Width)
	}
	right -= numbers + pad/2
	put(r.numbers, right, numbers)
	right -= pad
	if r.item.Ended {
		put(r.phase, x, right-x)
		return
	}
	phase := min(jobPhaseWidth, size.Width*0.14)
	put(r.phase, x, phase)
	x += phase + pad
	put(r.bar, x, right-x)
}

// MinSize implements fyne.Layout.
func (l jobRowLayout) MinSize([]fyne.CanvasObject) fyne.Size {
	return fyne.NewSize(500, jobRowHeight)
}

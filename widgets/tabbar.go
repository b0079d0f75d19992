package widgets

import (
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// TabItem is what a tab shows.
type TabItem struct {
	Label string
	// CanClose gives the tab a cross.
	CanClose bool
	// Quiet draws a tab that nothing goes on in.
	Quiet bool
}

// A TabBar is a line of tabs with a plus at its end. It takes no focus, so that
// the keyboard stays in what the tabs are for.
type TabBar struct {
	widget.BaseWidget

	// OnChosen and OnClose get a tab's place in the list, OnAdd is the plus.
	OnChosen, OnClose func(at int)
	OnAdd             func()

	items  []TabItem
	chosen int
	row    *fyne.Container
	scroll *container.Scroll
	add    *iconSpot
}

// tabHeight is the height of the line.
const tabHeight = 32

// NewTabBar returns a line without tabs.
func NewTabBar() *TabBar {
	b := &TabBar{chosen: -1, row: container.New(columns(0))}
	b.scroll = container.NewHScroll(b.row)
	b.add = newIconSpot(theme.ContentAddIcon(), func() {
		if b.OnAdd != nil {
			b.OnAdd()
		}
	})
	b.ExtendBaseWidget(b)
	return b
}

// Set shows tabs, one of them in front. canAdd tells whether there can be more.
func (b *TabBar) Set(items []TabItem, chosen int, canAdd bool) {
	if b.add.on != canAdd {
		b.add.on = canAdd
		b.add.Refresh()
	}
	if b.chosen == chosen && slices.Equal(b.items, items) {
		return
	}
	b.items, b.chosen = slices.Clone(items), chosen
	b.row.RemoveAll()
	for at, item := range items {
		b.row.Add(b.tab(at, item))
	}
	b.row.Add(container.NewCenter(b.add))
	b.Refresh()
	b.reveal()
}

// Items are the tabs as they are shown.
func (b *TabBar) Items() []TabItem { return slices.Clone(b.items) }

// reveal scrolls to the tab in front.
func (b *TabBar) reveal() {
	if b.chosen < 0 || b.chosen >= len(b.items) {
		return
	}
	tab := b.row.Objects[b.chosen]
	left, right := tab.Position().X, tab.Position().X+tab.MinSize().Width
	offset := max(min(b.scroll.Offset.X, left), right-b.scroll.Size().Width)
	if offset != b.scroll.Offset.X {
		b.scroll.ScrollToOffset(fyne.NewPos(offset, 0))
	}
}

func (b *TabBar) tab(at int, item TabItem) fyne.CanvasObject {
	label := NewLine(item.Label)
	label.TextSize, label.Whole = theme.SizeNameCaptionText, true
	if item.Quiet {
		label.Color = theme.ColorNamePlaceHolder
	}
	label.Style.Bold = at == b.chosen
	parts := container.New(columns(4), NewGap(10, 0), container.New(middle{}, label))
	if item.CanClose {
		parts.Add(container.NewCenter(newIconSpot(theme.CancelIcon(), func() {
			if b.OnClose != nil {
				b.OnClose(at)
			}
		})))
		parts.Add(NewGap(2, 0))
	} else {
		parts.Add(NewGap(10, 0))
	}
	t := &tabView{tapped: func() {
		if b.OnChosen != nil {
			b.OnChosen(at)
		}
	}}
	t.content = container.NewStack(NewGap(0, tabHeight), parts)
	if at == b.chosen {
		t.content = NewFrame(nil, container.NewStack(NewGround(theme.ColorNamePrimary, 0), NewGap(0, 2)), nil, nil,
			container.NewStack(NewGap(0, tabHeight-2), parts))
	}
	t.ExtendBaseWidget(t)
	return t
}

// CreateRenderer implements fyne.Widget.
func (b *TabBar) CreateRenderer() fyne.WidgetRenderer {
	return widget.NewSimpleRenderer(NewFrame(nil, widget.NewSeparator(), nil, nil,
		container.NewStack(NewGap(0, tabHeight), b.scroll)))
}

// tabView is one tab.
type tabView struct {
	widget.BaseWidget

	content fyne.CanvasObject
	tapped  func()
}

// Tapped implements fyne.Tappable.
func (t *tabView) Tapped(*fyne.PointEvent) { t.tapped() }

// CreateRenderer implements fyne.Widget.
func (t *tabView) CreateRenderer() fyne.WidgetRenderer {
	return widget.NewSimpleRenderer(t.content)
}

package widgets

import (
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// A TabItem is the content of one tab.
type TabItem struct {
	Label string
	// CanClose shows a close button in the tab.
	CanClose bool
	// Quiet dims the label of an inactive terminal.
	Quiet bool
}

// A TabBar is a row of tabs with an add button at its end. It never takes the focus, which
// stays in the content of the tab.
type TabBar struct {
	widget.BaseWidget

	// OnSelect and OnClose are called with the index of a tab, OnAdd by the add button.
	OnSelect, OnClose func(at int)
	OnAdd             func()

	items    []TabItem
	selected int
	row      *fyne.Container
	scroll   *container.Scroll
	add      *iconSpot
}

const tabHeight = 32

// NewTabBar returns a bar without tabs.
func NewTabBar() *TabBar {
	b := &TabBar{selected: -1, row: container.New(columnLayout(0))}
	b.scroll = container.NewHScroll(b.row)
	b.add = newIconSpot(theme.ContentAddIcon(), func() { callIfSet(b.OnAdd) })
	b.ExtendBaseWidget(b)
	return b
}

// Set shows the tabs; selected is the index of the tab in front. canAdd enables the add button.
func (b *TabBar) Set(items []TabItem, selected int, canAdd bool) {
	if b.add.enabled != canAdd {
		b.add.enabled = canAdd
		b.add.Refresh()
	}
	if b.selected == selected && slices.Equal(b.items, items) {
		return
	}
	b.items, b.selected = slices.Clone(items), selected
	b.row.RemoveAll()
	for at, item := range items {
		b.row.Add(b.newTab(at, item))
	}
	b.row.Add(container.NewCenter(b.add))
	b.Refresh()
	b.scrollToSelected()
}

// Items returns the tabs as shown.
func (b *TabBar) Items() []TabItem { return slices.Clone(b.items) }

// scrollToSelected scrolls to the tab in front.
func (b *TabBar) scrollToSelected() {
	if b.selected < 0 || b.selected >= len(b.items) {
		return
	}
	tab := b.row.Objects[b.selected]
	left, right := tab.Position().X, tab.Position().X+tab.MinSize().Width
	offset := max(min(b.scroll.Offset.X, left), right-b.scroll.Size().Width)
	if offset != b.scroll.Offset.X {
		b.scroll.ScrollToOffset(fyne.NewPos(offset, 0))
	}
}

func (b *TabBar) newTab(at int, item TabItem) fyne.CanvasObject {
	label := NewLine(item.Label)
	label.TextSize, label.Whole = theme.SizeNameCaptionText, true
	if item.Quiet {
		label.Color = theme.ColorNamePlaceHolder
	}
	label.Style.Bold = at == b.selected
	parts := container.New(columnLayout(4), NewGap(10, 0), container.New(verticallyCentered{}, label))
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
		if b.OnSelect != nil {
			b.OnSelect(at)
		}
	}}
	t.content = container.NewStack(NewGap(0, tabHeight), parts)
	if at == b.selected {
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

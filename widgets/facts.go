package widgets

import (
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// A Fact is a labeled value.
type Fact struct {
	Label, Value string
	// Mono draws the value in the fixed-width font.
	Mono bool
}

// Facts is a table of labeled values.
type Facts struct {
	widget.BaseWidget

	// LabelWidth is the minimum width of the label column, which grows with the labels
	// up to maxLabelWidth.
	LabelWidth float32

	facts []Fact
	box   *fyne.Container
}

const (
	defaultLabelWidth = 74
	maxLabelWidth     = 120 // leaves room for the values
)

// NewFacts returns an empty table.
func NewFacts() *Facts {
	f := &Facts{LabelWidth: defaultLabelWidth, box: container.New(rowLayout(5))}
	f.ExtendBaseWidget(f)
	return f
}

// Set shows the facts that have a value.
func (f *Facts) Set(facts []Fact) {
	facts = slices.DeleteFunc(slices.Clone(facts), func(x Fact) bool { return x.Value == "" })
	if slices.Equal(f.facts, facts) {
		return
	}
	f.facts = facts
	width := f.labelWidth()
	f.box.RemoveAll()
	for _, fact := range facts {
		label, value := NewCaption(fact.Label), NewLine(fact.Value)
		value.TextSize = label.TextSize
		value.Style.Monospace = fact.Mono
		f.box.Add(container.NewBorder(nil, nil, container.New(fixedWidth(width), label), nil, value))
	}
	f.Refresh()
}

func (f *Facts) labelWidth() float32 {
	widest := float32(0)
	for _, fact := range f.facts {
		text := fyne.MeasureText(fact.Label, f.Theme().Size(theme.SizeNameCaptionText), fyne.TextStyle{})
		widest = max(widest, text.Width+1) // for rounding
	}
	return max(f.LabelWidth, min(widest, maxLabelWidth))
}

// CreateRenderer implements fyne.Widget.
func (f *Facts) CreateRenderer() fyne.WidgetRenderer { return widget.NewSimpleRenderer(f.box) }

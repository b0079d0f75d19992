package widgets

import (
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"
)

// A Fact is a labelled value.
type Fact struct {
	Label, Value string
	// Mono draws the value in the fixed-width font.
	Mono bool
}

// Facts is a table of labelled values.
type Facts struct {
	widget.BaseWidget

	// LabelWidth is the width of the column of labels.
	LabelWidth float32

	facts []Fact
	box   *fyne.Container
}

// factLabel is the usual width of the column of labels.
const factLabel = 74

// NewFacts returns an empty table.
func NewFacts() *Facts {
	f := &Facts{LabelWidth: factLabel, box: container.New(rows(5))}
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
	f.box.RemoveAll()
	for _, fact := range facts {
		label, value := NewCaption(fact.Label), NewLine(fact.Value)
		value.TextSize = label.TextSize
		value.Style.Monospace = fact.Mono
		f.box.Add(container.NewBorder(nil, nil, container.New(wide(f.LabelWidth), label), nil, value))
	}
	f.Refresh()
}

// CreateRenderer implements fyne.Widget.
func (f *Facts) CreateRenderer() fyne.WidgetRenderer { return widget.NewSimpleRenderer(f.box) }

package screen

import "slices"

// A Change is a row of a view that has changed. Cells does not contain trailing blanks; the
// rest of the row is blank. Cells is valid until the next call to Diff.
type Change struct {
	Row   int
	Cells []Cell
}

// A Differ stores what one viewer shows. A viewer that applies every Change shows the contents
// of the screen.
type Differ struct {
	shown   [][]Cell
	cols    int
	row     []Cell
	changes []Change
}

// Reset makes the next Diff return every row.
func (d *Differ) Reset() { d.shown = nil }

// A Mark is a range drawn with an additional attribute.
type Mark struct {
	Range Range
	Attr  Attr
}

// Diff returns the rows from line top on that differ from the previous call. Cells in the range
// of a mark get its attribute.
func (d *Differ) Diff(s *Screen, top int64, marks ...Mark) []Change {
	d.changes = d.changes[:0]
	fresh := len(d.shown) != s.rows || d.cols != s.cols
	if fresh {
		d.shown, d.cols = make([][]Cell, s.rows), s.cols
	}
	for row := range s.rows {
		n := top + int64(row)
		d.row, _ = s.Line(n, d.row[:0])
		for i := range marks {
			d.row = marks[i].applyTo(d.row, n, s.cols)
		}
		if !fresh && slices.Equal(d.row, d.shown[row]) {
			continue
		}
		d.shown[row] = append(d.shown[row][:0], d.row...)
		d.changes = append(d.changes, Change{Row: row, Cells: d.shown[row]})
	}
	return d.changes
}

// applyTo applies the mark to the cells of line n.
func (m *Mark) applyTo(cells []Cell, n int64, cols int) []Cell {
	from, to := m.Range.columnsOfLine(n, cols)
	if from >= to {
		return cells
	}
	for len(cells) < to {
		cells = append(cells, Cell{})
	}
	for i := from; i < to; i++ {
		cells[i].Attr |= m.Attr
	}
	return cells
}

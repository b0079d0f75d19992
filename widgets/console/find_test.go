package console

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"fyne.io/fyne/v2/widget"
)

// expectFound waits until the search reports the wanted state.
func (b *bench) expectFound(want FoundReport) {
	b.Helper()
	var got FoundReport
	b.c.OnFound = func(r FoundReport) { got = r }
	b.c.mu.Lock()
	b.c.finder.report()
	b.c.mu.Unlock()
	b.waitFor(fmt.Sprintf("the matches %+v", want), func() bool { return got == want })
	b.waitDrawn()
}

// highlightedCells returns the number of cells in a row that have a background.
func (b *bench) highlightedCells(row int) (n int) {
	for _, cell := range b.c.view.grid.(interface {
		Row(int) widget.TextGridRow
	}).Row(row).Cells {
		if cell.Style != nil && cell.Style.BackgroundColor() != nil {
			n++
		}
	}
	return n
}

func TestFindHighlightsAndSteps(t *testing.T) {
	b := newBench(t)
	b.write(strings.Repeat("Needle and thread\r\n", 3) + strings.Repeat("hay\r\n", 200) + "needle, needle\r\n")
	b.c.Find("NEEDLE", false)
	b.expectFound(FoundReport{Current: 5, Count: 5})
	_, rows := b.c.model.Size()
	if got := b.highlightedCells(rows - 2); got != 12 {
		t.Errorf("got %d highlighted cells, want two needles", got)
	}
	here := b.c.view.grid.(interface {
		Row(int) widget.TextGridRow
	}).Row(rows - 2)
	if here.Cells[0].Style == here.Cells[8].Style {
		t.Error("the current match looks like the other one")
	}
	for range 2 {
		b.c.FindStep(-1)
	}
	b.expectFound(FoundReport{Current: 3, Count: 5})
	if row := b.row(rows / 2); row != "hay" && b.row(2) != "Needle and thread" {
		t.Errorf("the third match is not in view; rows %q, %q", b.row(2), row)
	}
	for range 3 {
		b.c.FindStep(-1)
	}
	b.expectFound(FoundReport{Current: 5, Count: 5})
	if !b.c.follow {
		t.Error("stepping above the first match calls not wrap to the last")
	}
	b.c.FindStep(1)
	b.expectFound(FoundReport{Current: 1, Count: 5})
	b.c.Find("needle", false)
	b.c.FindStep(-1) // before the search has finished
	b.expectFound(FoundReport{Current: 2, Count: 5})
	b.c.Find("needle", true)
	b.expectFound(FoundReport{Current: 1, Count: 2}) // both are below the view
	b.c.Find("", false)
	b.expectFound(FoundReport{})
	if got := b.highlightedCells(rows - 2); got != 0 {
		t.Errorf("after the search: got %d highlighted cells, want 0", got)
	}
}

func TestFindFollowsNewText(t *testing.T) {
	b := newBench(t)
	b.c.Find("new", false)
	b.expectFound(FoundReport{})
	b.write("new\r\n")
	b.expectFound(FoundReport{Current: 1, Count: 1})
	b.write("new and new\r\n")
	b.expectFound(FoundReport{Current: 1, Count: 3})
	b.c.Clear()
	b.expectFound(FoundReport{})
	b.write("\x1b[?1049hnew")
	b.expectFound(FoundReport{Current: 1, Count: 1})
}

func TestFindKeepsNewestMatches(t *testing.T) {
	b := newBench(t)
	for range 300 {
		if _, err := io.WriteString(b.guest, strings.Repeat("x", 40)+"\r\n"); err != nil {
			t.Fatal(err)
		}
	}
	b.write("x")
	b.c.Find("x", false)
	b.expectFound(FoundReport{Current: maxMatches, Count: maxMatches, More: true})
}

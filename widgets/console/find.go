package console

import (
	"slices"
	"time"

	"vmterminal/widgets/screen"
)

const (
	// findPiece is how many lines are looked through while others wait.
	findPiece = 200
	// mostFound bounds what is kept; the newest count.
	mostFound = 10000
	// findAgain is how long text that changes is left alone between two
	// searches, and a search takes a fifth of the time at most.
	findAgain = 250 * time.Millisecond
)

// FoundReport is how a search stands. Here is the place that is looked at,
// counted from the oldest as 1, 0 for none; More tells that there are older
// places than the Count that are kept.
type FoundReport struct {
	Here, Count int
	More        bool
}

// finder is what is looked for, and where it was found.
type finder struct {
	query   screen.Query
	places  []screen.Range
	more    bool
	here    screen.Range // empty until the first search has ended
	steps   int          // asked for before that
	round   int          // goes up with each query
	running bool         // a search is under way or scheduled
	stale   bool         // the text has changed since it began
}

// Find looks for text, in the scrollback too, and goes on as more comes: all
// places are marked, and the newest in view or above it comes into view. It
// does not wait; OnFound tells. No text ends the search.
func (c *Console) Find(text string, matchCase bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f := &c.finder
	f.query = screen.NewQuery(text, matchCase)
	f.places, f.here, f.more, f.steps = nil, screen.Range{}, false, 0
	f.round++
	c.touch()
	if f.query.Empty() {
		c.reportFound()
		return
	}
	f.stale = true
	if !f.running {
		f.running = true
		go c.search()
	}
}

// FindStep goes to the next place below for 1, above for -1, round the end. A
// step asked for while the search goes on is made at its end.
func (c *Console) FindStep(by int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f := &c.finder
	if f.here.Empty() {
		if f.running {
			f.steps += by
		}
		return
	}
	c.stepFound(by)
	c.reportFound()
}

// stepFound goes some places on. The caller holds mu.
func (c *Console) stepFound(by int) {
	f := &c.finder
	n := len(f.places)
	if n == 0 || by == 0 {
		return
	}
	at, exact := slices.BinarySearchFunc(f.places, f.here, byPlace)
	if !exact && by > 0 {
		at-- // the one that stood there is gone
	}
	f.here = f.places[((at+by)%n+n)%n]
	c.lookAt(f.here)
}

func byPlace(a, b screen.Range) int {
	switch {
	case a.From.Before(b.From):
		return -1
	case b.From.Before(a.From):
		return 1
	}
	return 0
}

// textChanged has the text searched again. The caller holds mu.
func (c *Console) textChanged() {
	f := &c.finder
	if f.query.Empty() || f.stale {
		return
	}
	f.stale = true
	if !f.running {
		f.running = true
		time.AfterFunc(findAgain, c.search)
	}
}

// linesMoved forgets places whose lines have other numbers now. The caller
// holds mu.
func (c *Console) linesMoved() {
	c.hovered = screen.Range{}
	c.finder.places, c.finder.here = nil, screen.Range{}
	c.textChanged()
}

// search looks through the text, piece by piece, until nothing has changed
// since. It runs on a goroutine of its own, one at a time.
func (c *Console) search() {
	for {
		began := time.Now()
		c.mu.Lock()
		round := c.finder.round
		again := c.searchOnce(round)
		c.mu.Unlock()
		if !again {
			return
		}
		c.mu.Lock()
		same := c.finder.round == round
		c.mu.Unlock()
		if same { // else the person waits
			time.Sleep(max(findAgain, 4*time.Since(began)))
		}
	}
}

// searchOnce tells whether to search again. The caller holds mu, which is let
// go between two pieces.
func (c *Console) searchOnce(round int) (again bool) {
	f := &c.finder
	f.stale = false
	query, model := f.query, c.model
	first, end := c.model.Lines()
	if _, rows := c.model.Size(); c.model.Modes().Alternate {
		first = end - int64(rows) // there is no way to the rest
	}
	var places []screen.Range
	more := false
	for from := first; from < end; from += findPiece {
		places = c.model.Find(query, from, min(from+findPiece, end), places)
		if len(places) > 2*mostFound {
			places, more = slices.Clone(places[len(places)-mostFound:]), true
		}
		c.mu.Unlock()
		c.mu.Lock()
		if f.round != round || c.model != model {
			f.running = !f.query.Empty()
			return f.running
		}
	}
	if extra := len(places) - mostFound; extra > 0 {
		places, more = places[extra:], true
	}
	f.places, f.more = places, more
	if f.here.Empty() {
		c.chooseFound()
		c.stepFound(f.steps)
		f.steps = 0
	}
	c.touch()
	c.reportFound()
	f.running = f.stale
	return f.running
}

// chooseFound looks at the last place that is in view or above it, else at the
// first below. The caller holds mu.
func (c *Console) chooseFound() {
	f := &c.finder
	if len(f.places) == 0 {
		return
	}
	_, rows := c.model.Size()
	below := screen.Range{From: screen.Pos{Line: c.viewTop() + int64(rows)}}
	at, _ := slices.BinarySearchFunc(f.places, below, byPlace)
	f.here = f.places[max(0, at-1)]
	c.lookAt(f.here)
}

// lookAt scrolls to where a range begins, if that is not in view. The caller
// holds mu.
func (c *Console) lookAt(r screen.Range) {
	_, rows := c.model.Size()
	if top := c.viewTop(); r.From.Line < top || r.From.Line >= top+int64(rows) {
		c.follow = false
		c.top = r.From.Line - int64(rows/2)
		c.viewTop()
	}
	c.touch()
}

// reportFound tells how the search stands. The caller holds mu.
func (c *Console) reportFound() {
	f := &c.finder
	report := FoundReport{Count: len(f.places), More: f.more}
	if at, exact := slices.BinarySearchFunc(f.places, f.here, byPlace); exact {
		report.Here = at + 1
	}
	c.onUI(func() {
		if c.OnFound != nil {
			c.OnFound(report)
		}
	})
}

// marks are what is selected, pointed at and found, as far as it is in view. The
// caller holds mu.
func (c *Console) marks(top int64) []screen.Mark {
	marks := make([]screen.Mark, 0, 8)
	if !c.selected.Empty() {
		marks = append(marks, screen.Mark{Range: c.selected, Attr: screen.Marked})
	}
	if link := c.hovered; !link.Empty() {
		marks = append(marks, screen.Mark{Range: link, Attr: screen.Underline})
	}
	f := &c.finder
	_, rows := c.model.Size()
	bottom := top + int64(rows)
	// One place further up may reach into the view.
	from, _ := slices.BinarySearchFunc(f.places, screen.Range{From: screen.Pos{Line: top}}, byPlace)
	for _, r := range f.places[max(0, from-1):] {
		if r.From.Line >= bottom {
			break
		}
		attr := screen.Found
		if r == f.here {
			attr = screen.FoundHere
		}
		marks = append(marks, screen.Mark{Range: r, Attr: attr})
	}
	return marks
}

package console

import (
	"slices"
	"time"

	"vmterminal/widgets/screen"
)

const (
	// findPiece is the number of lines searched at a time while the lock is held.
	findPiece = 200
	// maxMatches is the maximum number of matches; the newest are kept.
	maxMatches = 10000
	// searchInterval is the minimum pause between two searches of changing text. Searching also
	// takes at most a fifth of the time.
	searchInterval = 250 * time.Millisecond
)

// FoundReport is the state of a search. Current is the current match, counted from the oldest
// as 1, or 0. More reports whether there are older matches beyond Count.
type FoundReport struct {
	Current, Count int
	More           bool
}

// finder searches the text of a console. Its fields are guarded by the console's mu.
type finder struct {
	c       *Console
	query   screen.Query
	places  []screen.Range
	more    bool
	here    screen.Range // empty until the first search has finished
	steps   int          // requested before the first search has finished
	round   int          // incremented by each query
	running bool         // a search is running or scheduled
	stale   bool         // the text has changed since the search began
}

// Find searches the text with its scrollback, and new text as it arrives. All matches are
// highlighted, and the newest one in or above the view is scrolled into view. It does not
// block; OnFound reports the result. An empty text ends the search.
func (c *Console) Find(text string, matchCase bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f := &c.finder
	f.query = screen.NewQuery(text, matchCase)
	f.places, f.here, f.more, f.steps = nil, screen.Range{}, false, 0
	f.round++
	c.frames.touch()
	if f.query.Empty() {
		c.finder.report()
		return
	}
	f.stale = true
	if !f.running {
		f.running = true
		go c.finder.search()
	}
}

// FindStep moves to the next match below (1) or above (-1), wrapping around. During the first
// search, the step is made when the search finishes.
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
	c.finder.step(by)
	c.finder.report()
}

// step moves by a number of matches. The caller must hold mu.
func (f *finder) step(by int) {
	n := len(f.places)
	if n == 0 || by == 0 {
		return
	}
	at, exact := slices.BinarySearchFunc(f.places, f.here, byPlace)
	if !exact && by > 0 {
		at-- // the current match is gone
	}
	f.here = f.places[((at+by)%n+n)%n]
	f.reveal(f.here)
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

// textChanged schedules another search. The caller must hold mu.
func (f *finder) textChanged() {
	if f.query.Empty() || f.stale {
		return
	}
	f.stale = true
	if !f.running {
		f.running = true
		time.AfterFunc(searchInterval, f.search)
	}
}

// linesMoved drops matches because line numbers have changed. The caller must hold mu.
func (f *finder) linesMoved() {
	f.c.hovered = screen.Range{}
	f.places, f.here = nil, screen.Range{}
	f.textChanged()
}

// search searches until the text has stopped changing. Only one search runs at a time, on its
// own goroutine.
func (f *finder) search() {
	for {
		began := time.Now()
		f.c.mu.Lock()
		round := f.round
		again := f.searchOnce(round)
		f.c.mu.Unlock()
		if !again {
			return
		}
		f.c.mu.Lock()
		same := f.round == round
		f.c.mu.Unlock()
		if same { // otherwise the user is waiting
			time.Sleep(max(searchInterval, 4*time.Since(began)))
		}
	}
}

// searchOnce searches the text and reports whether to search again. The caller must hold mu,
// which is released between pieces.
func (f *finder) searchOnce(round int) (again bool) {
	f.stale = false
	query, model := f.query, f.c.model
	first, end := f.c.model.Lines()
	if _, rows := f.c.model.Size(); f.c.model.Modes().Alternate {
		first = end - int64(rows) // the scrollback cannot be reached
	}
	var places []screen.Range
	more := false
	for from := first; from < end; from += findPiece {
		places = f.c.model.Find(query, from, min(from+findPiece, end), places)
		if len(places) > 2*maxMatches {
			places, more = slices.Clone(places[len(places)-maxMatches:]), true
		}
		f.c.mu.Unlock()
		f.c.mu.Lock()
		if f.round != round || f.c.model != model {
			f.running = !f.query.Empty()
			return f.running
		}
	}
	if extra := len(places) - maxMatches; extra > 0 {
		places, more = places[extra:], true
	}
	f.places, f.more = places, more
	if f.here.Empty() {
		f.chooseMatch()
		f.step(f.steps)
		f.steps = 0
	}
	f.c.frames.touch()
	f.report()
	f.running = f.stale
	return f.running
}

// chooseMatch moves to the last match in or above the view, or else to the first one below. The
// caller must hold mu.
func (f *finder) chooseMatch() {
	if len(f.places) == 0 {
		return
	}
	_, rows := f.c.model.Size()
	below := screen.Range{From: screen.Pos{Line: f.c.frames.viewTop() + int64(rows)}}
	at, _ := slices.BinarySearchFunc(f.places, below, byPlace)
	f.here = f.places[max(0, at-1)]
	f.reveal(f.here)
}

// reveal scrolls to the start of a range unless it is in view. The caller must hold mu.
func (f *finder) reveal(r screen.Range) {
	_, rows := f.c.model.Size()
	if top := f.c.frames.viewTop(); r.From.Line < top || r.From.Line >= top+int64(rows) {
		f.c.follow = false
		f.c.top = r.From.Line - int64(rows/2)
		f.c.frames.viewTop()
	}
	f.c.frames.touch()
}

// report calls OnFound. The caller must hold mu.
func (f *finder) report() {
	report := FoundReport{Count: len(f.places), More: f.more}
	if at, exact := slices.BinarySearchFunc(f.places, f.here, byPlace); exact {
		report.Current = at + 1
	}
	f.c.onUI(func() {
		if f.c.OnFound != nil {
			f.c.OnFound(report)
		}
	})
}

// marks returns the selection, the link under the pointer and the matches that are in view. The
// caller must hold mu.
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
	// The previous match may extend into the view.
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

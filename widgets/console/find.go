package console

import (
	"slices"
	"time"

	"vmterminal/widgets/screen"
)

const (
	// findChunk is the number of lines searched at a time while the lock is held.
	findChunk = 200
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
	c            *Console
	query        screen.Query
	matches      []screen.Range
	more         bool
	current      screen.Range // empty until the first search has finished
	pendingSteps int          // requested before the first search has finished
	queryNumber  int          // incremented by each query
	running      bool         // a search is running or scheduled
	stale        bool         // the text has changed since the search began
}

// Find searches the text with its scrollback, and new text as it arrives. All matches are
// highlighted, and the newest one in or above the view is scrolled into view. It does not
// block; OnFound reports the result. An empty text ends the search.
func (c *Console) Find(text string, matchCase bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f := &c.finder
	f.query = screen.NewQuery(text, matchCase)
	f.matches, f.current, f.more, f.pendingSteps = nil, screen.Range{}, false, 0
	f.queryNumber++
	c.frames.request()
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
	if f.current.Empty() {
		if f.running {
			f.pendingSteps += by
		}
		return
	}
	c.finder.step(by)
	c.finder.report()
}

// step moves by a number of matches. The caller must hold mu.
func (f *finder) step(by int) {
	n := len(f.matches)
	if n == 0 || by == 0 {
		return
	}
	at, exact := slices.BinarySearchFunc(f.matches, f.current, compareStart)
	if !exact && by > 0 {
		at-- // the current match is gone
	}
	f.current = f.matches[((at+by)%n+n)%n]
	f.scrollTo(f.current)
}

func compareStart(a, b screen.Range) int {
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

// dropMatches drops matches because line numbers have changed. The caller must hold mu.
func (f *finder) dropMatches() {
	f.c.hovered = screen.Range{}
	f.matches, f.current = nil, screen.Range{}
	f.textChanged()
}

// search searches until the text has stopped changing. Only one search runs at a time, on its
// own goroutine.
func (f *finder) search() {
	for {
		began := time.Now()
		f.c.mu.Lock()
		queryNumber := f.queryNumber
		again := f.searchOnce(queryNumber)
		f.c.mu.Unlock()
		if !again {
			return
		}
		f.c.mu.Lock()
		same := f.queryNumber == queryNumber
		f.c.mu.Unlock()
		if same { // otherwise the user is waiting
			time.Sleep(max(searchInterval, 4*time.Since(began)))
		}
	}
}

// searchOnce searches the text and reports whether to search again. The caller must hold mu,
// which is released between pieces.
func (f *finder) searchOnce(queryNumber int) (again bool) {
	f.stale = false
	query, model := f.query, f.c.model
	first, end := f.c.model.Lines()
	if _, rows := f.c.model.Size(); f.c.model.Modes().Alternate {
		first = end - int64(rows) // the scrollback cannot be reached
	}
	var matches []screen.Range
	more := false
	for from := first; from < end; from += findChunk {
		matches = f.c.model.Find(query, from, min(from+findChunk, end), matches)
		if len(matches) > 2*maxMatches {
			matches, more = slices.Clone(matches[len(matches)-maxMatches:]), true
		}
		f.c.mu.Unlock()
		f.c.mu.Lock()
		if f.queryNumber != queryNumber || f.c.model != model {
			f.running = !f.query.Empty()
			return f.running
		}
	}
	if extra := len(matches) - maxMatches; extra > 0 {
		matches, more = matches[extra:], true
	}
	f.matches, f.more = matches, more
	if f.current.Empty() {
		f.selectMatch()
		f.step(f.pendingSteps)
		f.pendingSteps = 0
	}
	f.c.frames.request()
	f.report()
	f.running = f.stale
	return f.running
}

// selectMatch moves to the last match in or above the view, or else to the first one below. The
// caller must hold mu.
func (f *finder) selectMatch() {
	if len(f.matches) == 0 {
		return
	}
	_, rows := f.c.model.Size()
	below := screen.Range{From: screen.Pos{Line: f.c.frames.viewTop() + int64(rows)}}
	at, _ := slices.BinarySearchFunc(f.matches, below, compareStart)
	f.current = f.matches[max(0, at-1)]
	f.scrollTo(f.current)
}

// scrollTo scrolls to the start of a range unless it is in view. The caller must hold mu.
func (f *finder) scrollTo(r screen.Range) {
	_, rows := f.c.model.Size()
	if top := f.c.frames.viewTop(); r.From.Line < top || r.From.Line >= top+int64(rows) {
		f.c.follow = false
		f.c.top = r.From.Line - int64(rows/2)
		f.c.frames.viewTop()
	}
	f.c.frames.request()
}

// report calls OnFound. The caller must hold mu.
func (f *finder) report() {
	report := FoundReport{Count: len(f.matches), More: f.more}
	if at, exact := slices.BinarySearchFunc(f.matches, f.current, compareStart); exact {
		report.Current = at + 1
	}
	f.c.onUI(func() {
		if f.c.OnFound != nil {
			f.c.OnFound(report)
		}
	})
}

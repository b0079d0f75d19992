// Package console is the terminal in the window: the fyne-io/terminal widget
// with a screen model in front of it. No byte of a guest reaches the widget.
// A model of our own (package screen) takes the bytes on its own goroutine,
// and the widget's grid gets pictures: the rows that differ, at most 30 times
// a second, one call to the UI goroutine for each, and none when nothing
// changed. Keys, mouse, selection, paste and scrolling are done here, from
// what the model knows; what the widget sends to its peer by itself is never
// connected.
//
// It must never know what a VM is, nor call the UI toolkit from a goroutine of
// its own: it is given the function that does that.
package console

import (
	"io"
	"net/url"
	"slices"
	"sync"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"github.com/fyne-io/terminal"

	"vmterminal/widgets/screen"
)

// A size before the window has given one. Smaller sizes than the least are
// not passed on: a layout that is not done yet must not rewrap the scrollback.
const (
	firstCols, firstRows = 80, 24
	leastCols, leastRows = 20, 3
)

// Console shows a guest's terminal. Its methods are called on the UI
// goroutine, except for Feed, Cells and Text, which any goroutine may call. The
// callbacks are called on the UI goroutine; they may be nil and are set before
// the first Attach.
type Console struct {
	terminal.Terminal

	// OnResize tells the new size in cells, once it has settled.
	OnResize func(cols, rows int)
	// OnTitle tells the window title the guest asks for.
	OnTitle func(title string)
	// OnClosed tells that the other side ended the connection; err is nil if
	// it did so in order.
	OnClosed func(err error)
	// OnFound tells how a search stands, whenever that changes.
	OnFound func(FoundReport)
	// OnRiskyPaste gets text from the clipboard that the guest would carry out
	// line by line; PasteText pastes it nevertheless. Nil: Paste does.
	OnRiskyPaste func(text string)
	// OnPasteLost tells that there was no room for a pasted text.
	OnPasteLost func()
	// OnBelow tells whether text has come below what is in view.
	OnBelow func(bool)
	// OnLink tells the address of the web page under the pointer, nil for none.
	// OnOpen is asked to open one; it was told before.
	OnLink, OnOpen func(*url.URL)
	// OnShortcut gets every key with Ctrl, Alt or Super before the guest does,
	// and tells whether it used it.
	OnShortcut func(fyne.Shortcut) bool

	onUI func(func())

	mu       sync.Mutex // guards what follows, up to the next blank line
	model    *screen.Screen
	begun    int // how often another text has begun
	differ   screen.Differ
	link     *link // nil when detached
	top      int64 // the line at the top of the view, unless following
	follow   bool  // the view is the guest's screen
	below    bool  // while it is not, text has come
	selected screen.Range
	finder   finder
	hovered  screen.Range // the link under the pointer
	styles   styles
	frames   frames
	shown    picture // without its rows

	grid     grid // nil until it is drawn for the first time
	gridRows int
	title    string // as OnTitle was told
	told     bool   // as OnBelow was
	view     view
	font     *fontTheme
	override *container.ThemeOverride
	cell     fyne.Size
	focused  bool
	mods     fyne.KeyModifier
	mouse    mouse
	settle   *time.Timer
	sized    bool   // OnResize was told a size
	wanted   [2]int // columns and rows that wait to settle
}

// view are the objects drawn around the grid.
type view struct {
	background *canvas.Rectangle
	behind     *fyne.Container // right halves of wide cells that have a background
	cursor     *canvas.Rectangle
	under      *canvas.Text // the character under a block cursor
	wide       map[int][]wideCell
}

// New makes a console that nothing is attached to. onUI runs a function on
// the UI goroutine, in order; it may return before the function has run.
func New(onUI func(func())) *Console {
	c := &Console{
		onUI:   onUI,
		model:  screen.New(firstCols, firstRows),
		follow: true,
		styles: newStyles(),
		font:   &fontTheme{},
	}
	c.ExtendBaseWidget(c)
	return c
}

// Attach connects the console: what conn gives is shown, what is typed goes to
// it. The console owns conn and closes it on Detach. What was attached before
// is detached; the text stays.
func (c *Console) Attach(conn io.ReadWriteCloser) {
	c.Detach()
	l := newLink(conn)
	c.mu.Lock()
	c.link = l
	c.follow = true
	c.redraw()
	c.mu.Unlock()
	l.start(c)
}

// Detach ends the connection. The text stays, greyed.
func (c *Console) Detach() {
	c.mu.Lock()
	l := c.link
	c.link = nil
	c.redraw()
	c.mu.Unlock()
	if l != nil {
		l.close()
	}
}

// Attached tells whether there is a connection.
func (c *Console) Attached() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.link != nil
}

// Feed shows bytes as if the guest had written them, but answers none of the
// questions in them: for text that was written before, to other ears.
func (c *Console) Feed(b []byte) {
	c.mu.Lock()
	begun := c.begun
	c.mu.Unlock()
	c.feed(begun, b)
}

// Recall is Feed on a goroutine of its own. Clear and StartAnew end it.
func (c *Console) Recall(b []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	go c.feed(c.begun, b)
}

func (c *Console) feed(begun int, b []byte) {
	for piece := range slices.Chunk(b, screen.Piece) {
		if !c.feedPiece(begun, piece) {
			return
		}
	}
}

// feedPiece is false once another text has begun.
func (c *Console) feedPiece(begun int, b []byte) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.begun != begun {
		return false
	}
	_, _ = c.model.Write(b)
	c.model.TakeReplies()
	c.changed()
	return true
}

// Clear forgets the text, the scrollback and what the guest had asked of the
// terminal: for another guest, or one whose text comes again.
func (c *Console) Clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.model = screen.New(c.model.Size())
	c.selected = screen.Range{}
	c.beginText()
}

// StartAnew is for a guest that starts anew: the text there is becomes scrollback, and
// what the guest had asked of the terminal is forgotten.
func (c *Console) StartAnew() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.model.StartAnew()
	c.beginText()
}

// beginText shows where another text begins. The lock is held.
func (c *Console) beginText() {
	c.begun++
	c.follow = true
	c.linesMoved()
	c.redraw()
}

// Cells is the size that OnResize told last, 80 by 24 before: what a guest that
// is attached now must be told.
func (c *Console) Cells() (cols, rows int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.model.Size()
}

// Text is all the text there is: scrollback and screen.
func (c *Console) Text() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.model.Text(c.model.All())
}

// Write sends bytes to the guest as if they were typed.
func (c *Console) Write(b []byte) (int, error) {
	if !c.send(b) {
		return 0, io.ErrShortWrite
	}
	return len(b), nil
}

// send hands bytes to the guest and tells whether there was room for them. It
// never waits.
func (c *Console) send(b []byte) bool {
	c.mu.Lock()
	l := c.link
	c.mu.Unlock()
	return l != nil && l.send(b)
}

func (c *Console) modes() screen.Modes {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.model.Modes()
}

// resize makes the model the size that the widget has had for a moment now.
func (c *Console) resize(cols, rows int) {
	c.mu.Lock()
	oldCols, oldRows := c.model.Size()
	if c.sized && cols == oldCols && rows == oldRows {
		c.mu.Unlock()
		return
	}
	c.sized = true // the first is told even if the model has it by chance
	c.model.Resize(cols, rows)
	if cols != oldCols { // lines have other numbers then
		c.follow = true
		c.selected = screen.Range{}
		c.linesMoved()
	}
	c.touch()
	c.mu.Unlock()
	if c.OnResize != nil {
		c.OnResize(cols, rows)
	}
}

// Package console is the window's terminal: the fyne-io/terminal widget with a screen model in
// front of it. No guest byte reaches the widget. The model (package screen) parses the bytes on
// its own goroutine, and the widget's grid receives the rows that differ, at most 30 times a
// second, in one call to the UI goroutine. Keys, mouse, selection, paste and scrolling are
// handled here, from the state of the model; the widget's own output is not connected.
//
// It must not depend on VMs, and it calls the UI toolkit only through the function given to
// [New].
package console

import (
	"io"
	"net/url"
	"slices"
	"sync"

	"fyne.io/fyne/v2"
	"github.com/fyne-io/terminal"

	"vmterminal/widgets/screen"
)

// The initial and the minimum size. Smaller sizes are ignored: a layout in progress must not
// rewrap the scrollback.
const (
	initialCols, initialRows = 80, 24
	minCols, minRows         = 20, 3
)

// Console shows a guest's terminal. Its methods must be called on the UI goroutine, except
// Feed, Cells and Text, which any goroutine may call. Callbacks are called on the UI goroutine;
// they may be nil and must be set before the first Attach.
type Console struct {
	terminal.Terminal

	// OnResize receives the new size in cells once it has settled.
	OnResize func(cols, rows int)
	// OnTitle receives the window title set by the guest.
	OnTitle func(title string)
	// OnClosed is called when the other side closes the connection; err is nil if it did so
	// normally.
	OnClosed func(err error)
	// OnFound is called when the state of the search changes.
	OnFound func(FoundReport)
	// OnRiskyPaste, if set, receives clipboard text that the guest would run line by line,
	// which is then not pasted. PasteText pastes it nevertheless.
	OnRiskyPaste func(text string)
	// OnPasteLost is called when pasted text did not fit into the queue.
	OnPasteLost func()
	// OnBelow reports whether there is new text below the view.
	OnBelow func(bool)
	// OnLink receives the URL under the pointer, or nil. OnOpen opens a URL that was passed to
	// OnLink before.
	OnLink, OnOpen func(*url.URL)
	// OnShortcut receives each key with Ctrl, Alt or Super before the guest does, and reports
	// whether it handled the key.
	OnShortcut func(fyne.Shortcut) bool

	onUI func(func())

	mu         sync.Mutex // guards the fields up to the next blank line
	model      *screen.Screen
	generation int         // incremented whenever the text is replaced
	connection *connection // nil when detached
	top        int64       // the line at the top of the view, unless following
	follow     bool        // the view shows the guest's screen
	below      bool        // new text arrived below the view
	selected   screen.Range
	finder     finder
	hovered    screen.Range // the link under the pointer
	frames     frames

	title         string // last passed to OnTitle
	reportedBelow bool   // last passed to OnBelow
	view          view
	keyboard      keyboard
	mouse         mouse
}

// New returns a detached console. onUI runs functions on the UI goroutine, in order; it may
// return before the function has run.
func New(onUI func(func())) *Console {
	c := &Console{
		onUI:   onUI,
		model:  screen.New(initialCols, initialRows),
		follow: true,
		frames: frames{styles: newStyles()},
		view:   view{font: &fontTheme{}},
	}
	c.frames.c, c.finder.c, c.keyboard.c, c.mouse.c, c.view.c = c, c, c, c, c
	c.ExtendBaseWidget(c)
	return c
}

// Attach connects the console to conn, which it owns from then on and closes in Detach. A
// previous connection is detached; the text stays.
func (c *Console) Attach(conn io.ReadWriteCloser) {
	c.Detach()
	n := newConnection(c, conn)
	c.mu.Lock()
	c.connection = n
	c.follow = true
	c.frames.redraw()
	c.mu.Unlock()
	go n.read()
	go n.write()
}

// Detach closes the connection. The text stays, dimmed.
func (c *Console) Detach() {
	c.mu.Lock()
	n := c.connection
	c.connection = nil
	c.frames.redraw()
	c.mu.Unlock()
	if n != nil {
		n.close()
	}
}

// Feed shows bytes as if the guest had written them, but does not answer queries in them. It is
// for recorded output.
func (c *Console) Feed(b []byte) {
	c.mu.Lock()
	generation := c.generation
	c.mu.Unlock()
	c.feed(generation, b)
}

// Recall shows bytes like Feed, but on another goroutine. Clear and BeginSession stop it.
func (c *Console) Recall(b []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	go c.feed(c.generation, b)
}

// feed shows bytes until the text is replaced.
func (c *Console) feed(generation int, b []byte) {
	for piece := range slices.Chunk(b, screen.MaxWrite) {
		c.mu.Lock()
		if c.generation != generation {
			c.mu.Unlock()
			return
		}
		_, _ = c.model.Write(piece)
		c.model.TakeReplies()
		c.frames.textChanged()
		c.mu.Unlock()
	}
}

// Clear removes the text and scrollback and resets the terminal's modes.
func (c *Console) Clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.model = screen.New(c.model.Size())
	c.selected = screen.Range{}
	c.frames.textReplaced()
}

// BeginSession prepares for a guest that boots again: the screen becomes scrollback, and the
// terminal's modes are reset.
func (c *Console) BeginSession() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.model.StartProgram()
	c.frames.textReplaced()
}

// Cells returns the size last passed to OnResize, by default 80 by 24.
func (c *Console) Cells() (cols, rows int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.model.Size()
}

// Text returns all text: scrollback and screen.
func (c *Console) Text() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.model.Text(c.model.All())
}

// Write queues bytes for the guest as if they were typed. It never blocks; without a connection
// or room in the queue it queues nothing and returns [io.ErrShortWrite].
func (c *Console) Write(b []byte) (int, error) {
	c.mu.Lock()
	n := c.connection
	c.mu.Unlock()
	if n == nil || !n.send(b) {
		return 0, io.ErrShortWrite
	}
	return len(b), nil
}

func (c *Console) modes() screen.Modes {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.model.Modes()
}

package cli

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"vmterminal/app"
	"vmterminal/widgets/screen"
)

// frameInterval is the minimum time between two updates of the terminal.
const frameInterval = time.Second / 30

// outputFilter draws a guest's output on this terminal without passing on its control
// sequences. The guest writes to a screen model, and the filter draws the model with a few
// sequences of its own: text, colors, cursor, keyboard and mouse modes. Lines that scroll off
// the top go to the terminal's scrollback. The filter is safe for concurrent use.
type outputFilter struct {
	replies func([]byte) // receives the model's replies to the guest's queries

	mu     sync.Mutex
	to     io.Writer
	model  *screen.Screen
	differ screen.Differ
	top    int64        // line at the top of the terminal
	modes  screen.Modes // current modes of the terminal
	bells  uint64
	timer  *time.Timer // fires at the next update; nil if none is scheduled
	err    error       // first error from writing to the terminal
	closed bool
}

// newOutputFilter returns a filter for a terminal and clears that terminal, moving its contents
// to the scrollback. The filter calls replies with text to send to the guest.
func newOutputFilter(to io.Writer, cols, rows int, replies func([]byte)) *outputFilter {
	f := &outputFilter{to: to, model: screen.New(cols, rows), replies: replies}
	f.modes = f.model.Modes()
	_, f.err = io.WriteString(to, saveTitle+strings.Repeat("\n", rows)+"\x1b[H\x1b[2J")
	return f
}

// Write passes the guest's output to the model.
func (f *outputFilter) Write(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err != nil {
		return 0, f.err
	}
	_, _ = f.model.Write(p)
	if answer := f.model.TakeReplies(); len(answer) > 0 {
		f.replies(answer)
	}
	f.schedule()
	return len(p), nil
}

// resize changes the size of the model to that of the terminal.
func (f *outputFilter) resize(cols, rows int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.model.Resize(cols, rows)
	_, end := f.model.Lines()
	f.top = end - int64(rows) // the terminal has rewrapped its scrollback
	f.differ.Reset()
	f.schedule()
}

// close draws the final state, with the cursor where the guest left it.
func (f *outputFilter) close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return
	}
	f.draw()
	f.closed = true
	if f.timer != nil {
		f.timer.Stop()
	}
}

// schedule schedules the next update. The caller must hold mu.
func (f *outputFilter) schedule() {
	if f.timer != nil || f.closed {
		return
	}
	f.timer = time.AfterFunc(frameInterval, func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.timer = nil
		if !f.closed {
			f.draw()
		}
	})
}

// draw updates the terminal to show the model. The caller must hold mu.
func (f *outputFilter) draw() {
	var out strings.Builder
	_, rows := f.model.Size()
	first, end := f.model.Lines()
	bottom := end - int64(rows)
	f.top = max(f.top, first)
	for f.top < bottom {
		// Draw the oldest lines and scroll them into the scrollback.
		f.drawRows(&out)
		n := min(bottom-f.top, int64(rows))
		fmt.Fprintf(&out, "\x1b[%d;1H%s", rows, strings.Repeat("\n", int(n)))
		f.top += n
		f.differ.Reset()
	}
	f.drawRows(&out)
	f.drawModes(&out)
	col, row := f.model.Cursor()
	fmt.Fprintf(&out, "\x1b[%d;%dH", row+1, col+1)
	if _, err := io.WriteString(f.to, out.String()); err != nil && f.err == nil {
		f.err = &outputError{cause: err}
	}
}

// drawRows draws the rows that have changed.
func (f *outputFilter) drawRows(out *strings.Builder) {
	for _, change := range f.differ.Diff(f.model, f.top) {
		fmt.Fprintf(out, "\x1b[%d;1H\x1b[0m", change.Row+1)
		var pen screen.Cell
		for _, c := range change.Cells {
			if c.Part == screen.WideRight {
				continue
			}
			if c.FG != pen.FG || c.BG != pen.BG || c.Attr != pen.Attr {
				pen = c
				out.WriteString(sgr(c))
			}
			out.WriteString(plainRune(c.Rune))
			for _, mark := range c.Marks {
				if mark != 0 && plainRune(mark) == string(mark) {
					out.WriteRune(mark)
				}
			}
		}
		out.WriteString("\x1b[0m\x1b[K")
	}
}

// plainRune returns r in a form that is safe to write to a terminal.
func plainRune(r rune) string {
	switch r {
	case 0:
		return " "
	case utf8.RuneError:
		return string(r)
	default:
		return app.Plain(string(r))
	}
}

// cellAttributes maps attributes of cells to SGR parameters.
var cellAttributes = []struct {
	attr screen.Attr
	sgr  int
}{
	{screen.Bold, 1},
	{screen.Dim, 2},
	{screen.Italic, 3},
	{screen.Underline, 4},
	{screen.Blink, 5},
	{screen.Inverse, 7},
	{screen.Conceal, 8},
	{screen.Strike, 9},
}

// sgr returns the sequence that selects a cell's colors and attributes.
func sgr(c screen.Cell) string {
	out := "\x1b[0"
	for _, a := range cellAttributes {
		if c.Attr&a.attr != 0 {
			out += fmt.Sprintf(";%d", a.sgr)
		}
	}
	return out + sgrColor(38, c.FG) + sgrColor(48, c.BG) + "m"
}

func sgrColor(ground int, c screen.Color) string {
	if i, ok := c.Index(); ok {
		return fmt.Sprintf(";%d;5;%d", ground, i)
	}
	if r, g, b, ok := c.RGB(); ok {
		return fmt.Sprintf(";%d;2;%d;%d;%d", ground, r, g, b)
	}
	return ""
}

// mouseModes maps mouse modes to the numbers of xterm's private modes.
var mouseModes = map[screen.MouseMode]int{
	screen.MousePress: 9, screen.MouseClicks: 1000, screen.MouseDrags: 1002, screen.MouseAll: 1003,
}

// drawModes sets the keyboard, mouse and cursor modes that have changed.
func (f *outputFilter) drawModes(out *strings.Builder) {
	now, previous := f.model.Modes(), f.modes
	f.modes = now
	for _, m := range []struct {
		mode         int
		on, previous bool
	}{
		{1, now.AppCursor, previous.AppCursor},
		{5, now.ReverseVideo, previous.ReverseVideo},
		{25, now.ShowCursor, previous.ShowCursor},
		{1004, now.FocusEvents, previous.FocusEvents},
		{1006, now.MouseSGR, previous.MouseSGR},
		{2004, now.BracketedPaste, previous.BracketedPaste},
	} {
		if m.on != m.previous {
			setMode(out, m.mode, m.on)
		}
	}
	if now.AppKeypad != previous.AppKeypad {
		out.WriteString(map[bool]string{true: "\x1b=", false: "\x1b>"}[now.AppKeypad])
	}
	if now.Mouse != previous.Mouse {
		if mode, ok := mouseModes[previous.Mouse]; ok {
			setMode(out, mode, false)
		}
		if mode, ok := mouseModes[now.Mouse]; ok {
			setMode(out, mode, true)
		}
	}
	if now.Cursor != previous.Cursor || now.CursorBlinks != previous.CursorBlinks {
		shape := 2*int(now.Cursor) + 1
		if !now.CursorBlinks {
			shape++
		}
		fmt.Fprintf(out, "\x1b[%d q", shape)
	}
	if bells := f.model.Bells(); bells != f.bells {
		f.bells = bells
		out.WriteByte('\a')
	}
}

func setMode(out *strings.Builder, mode int, on bool) {
	final := 'l'
	if on {
		final = 'h'
	}
	fmt.Fprintf(out, "\x1b[?%d%c", mode, final)
}

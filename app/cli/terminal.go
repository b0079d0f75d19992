package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
	"golang.org/x/term"

	"vmterminal/app"
)

// rawTerminal is this terminal in raw mode, connected to one in a guest.
type rawTerminal struct {
	tty    *os.File
	out    io.Writer // receives the guest's output
	screen *os.File  // standard output, if it is a terminal; nil otherwise
	keys   *keyReader
	saved  *term.State
	// If screen is set, one of these writes to it; the other is nil.
	filter *outputFilter
	raw    *rawOutput
}

// openTerminal puts this terminal into raw mode until close is called.
func openTerminal(r *runner, tty *os.File) (*rawTerminal, error) {
	keys, err := newKeyReader(tty)
	if err != nil {
		return nil, fmt.Errorf("open this terminal: %w", err)
	}
	saved, err := term.MakeRaw(int(tty.Fd()))
	if err != nil {
		keys.close()
		return nil, fmt.Errorf("open this terminal: %w", err)
	}
	t := &rawTerminal{tty: tty, out: r.stdout(), keys: keys, saved: saved}
	screen, ok := asTerminal(r.io.Out)
	if !ok {
		return t, nil
	}
	t.screen = screen
	if !r.filter {
		t.raw = &rawOutput{to: r.stdout()}
		t.out = t.raw
		return t, nil
	}
	size, err := terminalSize(tty)
	if err != nil {
		t.close()
		return nil, fmt.Errorf("open this terminal: %w", err)
	}
	t.filter = newOutputFilter(screen, int(size.Columns), int(size.Rows), keys.inject)
	t.out = t.filter
	return t, nil
}

// close restores the terminal: it resets what the guest turned on and discards pending replies
// to the guest, which would otherwise become input of the user's shell.
func (t *rawTerminal) close() {
	reset := ""
	if t.filter != nil {
		t.filter.close()
		reset = resetTerminal
	} else if t.raw != nil {
		reset = t.raw.reset()
	}
	t.keys.stop()
	if reset != "" {
		_, _ = io.WriteString(t.screen, reset+requestStatus)
		t.keys.discardReplies()
	}
	_ = term.Restore(int(t.tty.Fd()), t.saved)
	t.keys.close()
}

func terminalSize(tty *os.File) (app.TerminalSize, error) {
	columns, rows, err := term.GetSize(int(tty.Fd()))
	if err != nil {
		return app.TerminalSize{}, err
	}
	return app.TerminalSize{Columns: clampCells(columns, 80), Rows: clampCells(rows, 24)}, nil
}

// clampCells returns n if it is a valid number of rows or columns, and def otherwise.
func clampCells(n int, def uint16) uint16 {
	if n < 1 || n > 1<<16-1 {
		return def
	}
	return uint16(n)
}

// sizes returns a channel that receives the terminal's size after each change. The channel is
// closed when ctx is done.
func (t *rawTerminal) sizes(ctx context.Context) <-chan app.TerminalSize {
	changed := make(chan os.Signal, 1)
	signal.Notify(changed, syscall.SIGWINCH)
	out := make(chan app.TerminalSize)
	go func() {
		defer close(out)
		defer signal.Stop(changed)
		for {
			select {
			case <-changed:
			case <-ctx.Done():
				return
			}
			size, err := terminalSize(t.tty)
			if err != nil {
				continue
			}
			if t.filter != nil {
				t.filter.resize(int(size.Columns), int(size.Rows))
			}
			select {
			case out <- size:
			case <-ctx.Done():
				return
			}
		}
	}()
	return out
}

// followSize sends the terminal's size to the guest, now and after each change, until ctx
// is done.
func (t *rawTerminal) followSize(ctx context.Context, con app.Console) {
	resize := func(size app.TerminalSize) {
		_ = con.Resize(ctx, int(size.Columns), int(size.Rows)) // fails without an agent: the guest keeps its size
	}
	if size, err := terminalSize(t.tty); err == nil {
		resize(size)
	}
	for size := range t.sizes(ctx) {
		resize(size)
	}
}

// rawOutput passes on a guest's output and records what must be reset afterward.
type rawOutput struct {
	to        io.Writer
	sequences bool // control sequences were written
	colors    bool // the terminal's palette was changed
	state     int  // oscNone, oscEscape or oscNumber
	number    int  // of the current OSC
}

// States of the parser of operating system commands (OSC).
const (
	oscNone = iota
	oscEscape
	oscNumber
)

// Write passes on the output. It saves the terminal's title before the first control sequence.
func (r *rawOutput) Write(p []byte) (int, error) {
	before := r.sequences
	for _, b := range p {
		r.scan(b)
	}
	if r.sequences && !before {
		if _, err := io.WriteString(r.to, saveTitle); err != nil {
			return 0, err
		}
	}
	return r.to.Write(p)
}

// scan advances the parser by one byte. It may record too many sequences, because the bytes of
// 8-bit controls can also be part of UTF-8 text.
func (r *rawOutput) scan(b byte) {
	const enq, so, esc, osc = 0x05, 0x0e, 0x1b, 0x9d
	if b == enq || b == so || b == esc || b >= 0x80 && b < 0xa0 {
		r.sequences = true
	}
	switch {
	case b == esc:
		r.state = oscEscape
	case b == osc, b == ']' && r.state == oscEscape:
		r.state, r.number = oscNumber, 0
	case r.state == oscNumber && b >= '0' && b <= '9':
		r.number = min(10*r.number+int(b-'0'), 1000)
	case r.state == oscNumber:
		r.colors = r.colors || r.number == 4 || r.number == 5 || r.number >= 10 && r.number <= 19
		r.state = oscNone
	default:
		r.state = oscNone
	}
}

// reset returns the sequences that reset the terminal after this output, or "" if none are
// needed.
func (r *rawOutput) reset() string {
	switch {
	case r.colors:
		return resetTerminal + resetColors
	case r.sequences:
		return resetTerminal
	default:
		return ""
	}
}

// saveTitle pushes the terminal's title onto its stack; resetTerminal pops it.
const saveTitle = "\x1b[22;0t"

// resetTerminal turns off everything that a guest can turn on, with sequences of xterm, DEC and
// kitty. Terminals ignore unknown sequences. The cursor is saved before sequences that can move
// it, and restored after them.
const resetTerminal = "\x18\x1b\\" + // end an incomplete sequence
	"\x1b[4i" + // printing
	"\x1b[?2026l" + // synchronized output
	popKeyboard + "\x1b7\x1b[?1049l" + // alternate screen, which has its own keyboard state
	popKeyboard +
	"\x1b7\x1b[?69l\x1b[r\x1b[?6l\x1b8" + // margins, scrolling region, origin
	"\x1b[!p" + // other state that a soft reset includes
	"\x1b(B\x1b)B\x1b*B\x1b+B\x0f\x1b%G" + // character sets; UTF-8
	"\x1b[?1l\x1b>" + // cursor keys, keypad
	"\x1b[2;4;20l\x1b[12h" + // keyboard lock, insert, newline, local echo
	"\x1b[?5l\x1b[?7;8h" + // reverse video, wrapping, key repeat
	"\x1b[?9;1000;1001;1002;1003;1004;1005;1006;1015;1016l" + // mouse and focus reports
	"\x1b[?2004;2031;2048l" + // bracketed paste, reports of colors and size
	"\x1b[>0m\x1b[>1m\x1b[>2m\x1b[>4m" + // modifyOtherKeys and its siblings
	"\x1b[?25h\x1b[0 q" + // cursor
	"\x1b]8;;\x1b\\" + // hyperlink
	"\x1b[0m" +
	"\x1b[23;0t" // title

// resetColors restores the terminal's configured palette. It is sent only if a guest changed
// the palette, because it also undoes changes by the user's shell.
const resetColors = "\x1b]104\x1b\\\x1b]105\x1b\\" +
	"\x1b]110\x1b\\\x1b]111\x1b\\\x1b]112\x1b\\\x1b]117\x1b\\\x1b]119\x1b\\"

// popKeyboard clears the stack of the kitty keyboard protocol.
const popKeyboard = "\x1b[<99u\x1b[=0u"

// requestStatus makes terminals send statusReply, after all pending replies.
const (
	requestStatus = "\x1b[5n"
	statusReply   = "\x1b[0n"
)

// drainLimit bounds the wait for statusReply. Tests replace it.
var drainLimit = 2 * time.Second

// drainQuiet is the silence after statusReply that ends the wait.
const drainQuiet = 50 * time.Millisecond

// keyReader reads from a terminal. Once it is stopped, no pending Read can consume keys meant
// for the next reader. Read and inject are safe for concurrent use.
type keyReader struct {
	tty *os.File
	// wakeReader and wakeWriter are the read and write ends of a pipe. A byte in the pipe means that
	// injected has text; the end of file stops Read.
	wakeReader, wakeWriter *os.File
	injected               chan []byte
	pending                []byte
	readSlot               chan struct{} // full while a Read runs
}

func newKeyReader(tty *os.File) (*keyReader, error) {
	wakeReader, wakeWriter, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	return &keyReader{tty: tty, wakeReader: wakeReader, wakeWriter: wakeWriter, injected: make(chan []byte, 16), readSlot: make(chan struct{}, 1)}, nil
}

// Read returns keys or injected text, and io.EOF after stop or when the terminal closes.
func (k *keyReader) Read(p []byte) (int, error) {
	k.readSlot <- struct{}{}
	defer func() { <-k.readSlot }()
	for {
		if len(k.pending) > 0 {
			n := copy(p, k.pending)
			k.pending = k.pending[n:]
			return n, nil
		}
		typed, woken, err := k.wait(-1)
		switch {
		case err != nil:
			return 0, err
		case woken:
			var one [1]byte
			if n, _ := k.wakeReader.Read(one[:]); n == 0 {
				return 0, io.EOF
			}
			k.pending = <-k.injected
		case typed:
			return k.tty.Read(p)
		}
	}
}

// wait waits until a key or a byte of the wake pipe can be read, for at most limit. A negative
// limit means no limit.
func (k *keyReader) wait(limit time.Duration) (typed, woken bool, err error) {
	fds := []unix.PollFd{
		{Fd: int32(k.tty.Fd()), Events: unix.POLLIN},
		{Fd: int32(k.wakeReader.Fd()), Events: unix.POLLIN},
	}
	timeout := -1
	if limit >= 0 {
		timeout = int(limit.Milliseconds())
	}
	for {
		_, err = unix.Poll(fds, timeout)
		if !errors.Is(err, unix.EINTR) {
			break
		}
	}
	return fds[0].Revents != 0, fds[1].Revents != 0, err
}

// inject makes Read return text as if it had been typed. It drops text if too much is
// pending.
func (k *keyReader) inject(text []byte) {
	select {
	case k.injected <- slices.Clone(text):
		_, _ = k.wakeWriter.Write([]byte{0})
	default:
	}
}

// stop makes Read return io.EOF and waits until a pending Read has returned.
func (k *keyReader) stop() {
	k.wakeWriter.Close()
	k.readSlot <- struct{}{} // wait for a pending Read
	<-k.readSlot
}

// discardReplies discards input up to statusReply, including keys typed before it. Call it only after
// stop.
func (k *keyReader) discardReplies() {
	var got []byte
	buf := make([]byte, 1024)
	limit := drainLimit
	for began := time.Now(); ; {
		if bytes.Contains(got, []byte(statusReply)) {
			limit = drainQuiet
		}
		left := min(limit, drainLimit-time.Since(began))
		if left <= 0 {
			return
		}
		fds := []unix.PollFd{{Fd: int32(k.tty.Fd()), Events: unix.POLLIN}}
		n, err := unix.Poll(fds, int(left.Milliseconds()))
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil || n == 0 {
			return
		}
		n, err = k.tty.Read(buf)
		if err != nil {
			return
		}
		got = append(got, buf[:n]...)
		got = got[max(0, len(got)-len(buf)):]
	}
}

func (k *keyReader) close() {
	k.wakeWriter.Close()
	k.wakeReader.Close()
}

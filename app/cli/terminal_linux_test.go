package cli

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/creack/pty"

	"vmterminal/widgets/screen"
)

// turnedOn maps sequences that turn something on to the part of resetTerminal that turns
// it off.
var turnedOn = map[string]string{
	"\x1b[?1049h":         "\x1b[?1049l",
	"\x1b[?1004h":         ";1004;",
	"\x1b[?1003h":         ";1003;",
	"\x1b[?1006h":         ";1006;",
	"\x1b[?2004h":         "\x1b[?2004;",
	"\x1b[?2026h":         "\x1b[?2026l",
	"\x1b[?2031h":         ";2031;",
	"\x1b[?2048h":         ";2048l",
	"\x1b[>4;2m":          "\x1b[>4m",
	"\x1b[>31u":           "\x1b[<99u",
	"\x1b[=31u":           "\x1b[=0u",
	"\x1b(0":              "\x1b(B",
	"\x0e":                "\x0f",
	"\x1b[?1h":            "\x1b[?1l",
	"\x1b=":               "\x1b>",
	"\x1b[4h":             ";4;",
	"\x1b[2h":             "\x1b[2;",
	"\x1b[?5h":            "\x1b[?5l",
	"\x1b[?7l":            "\x1b[?7;",
	"\x1b[?25l":           "\x1b[?25h",
	"\x1b[4 q":            "\x1b[0 q",
	"\x1b[5;9r\x1b[2;4H":  "\x1b[r",
	"\x1b[?6h\x1b[2;4H":   "\x1b[?6l",
	"\x1b[?69h":           "\x1b[?69l",
	"\x1b[5i":             "\x1b[4i",
	"\x1b[31m":            "\x1b[0m",
	"\x1b]0;evil\a":       "\x1b[23;0t",
	"\x1b]4;1;#ffffff\a":  "\x1b]104\x1b\\",
	"\x1b]10;#ffffff\a":   "\x1b]110\x1b\\",
	"\x1b]11;#ffffff\a":   "\x1b]111\x1b\\",
	"\x1b]12;#ffffff\a":   "\x1b]112\x1b\\",
	"\x1b]8;;http://x\a":  "\x1b]8;;\x1b\\",
	"\x1b]52;c;never end": "\x18",
}

func TestResetTerminal(t *testing.T) {
	for on, off := range turnedOn {
		output := &rawOutput{to: io.Discard}
		for _, b := range []byte(on) { // byte by byte
			_, _ = output.Write([]byte{b})
		}
		_, _ = io.WriteString(output, "\r\n")
		reset := output.reset()
		if !strings.Contains(reset, off) {
			t.Errorf("after %q: got a reset sequence without %q", on, off)
		}
		s := screen.New(40, 10)
		want := s.Modes()
		_, _ = io.WriteString(s, "one\r\ntwo"+on+reset+"\r\nq")
		if got := s.Modes(); got != want {
			t.Errorf("after %q: got modes %+v, want %+v", on, got, want)
		}
		col, row := s.Cursor()
		if c := s.Cell(0, row); col != 1 || row != 2 || c != (screen.Cell{Rune: 'q'}) {
			t.Errorf("after %q: got %q at column %d of row %d, want 'q' at column 0 of row 2", on, c.Rune, col-1, row)
		}
	}
}

func TestResetOnlyChangedState(t *testing.T) {
	for text, want := range map[string]string{
		"plain text\r\n":                    "",
		"\x1b[31mred\x1b[0m":                resetTerminal,
		"\x1b]0;title\a":                    resetTerminal,
		"\x1b]52;c;x\a":                     resetTerminal,
		"\x1b]11;?\a":                       resetTerminal + resetColors,
		"\x1b]4;1;#ffffff\x1b\\":            resetTerminal + resetColors,
		"\x9d10;#ffffff\a":                  resetTerminal + resetColors,
		"\x1b]0;4\a and ]4;1;#ffffff later": resetTerminal,
	} {
		output := &rawOutput{to: io.Discard}
		_, _ = io.WriteString(output, text)
		if got := output.reset(); got != want {
			t.Errorf("after %q: got reset sequence %q, want %q", text, got, want)
		}
	}
}

// guestConsole is a console whose output comes from a test.
type guestConsole struct {
	io.Reader
	typed  *io.PipeWriter
	output *io.PipeWriter
}

func (c *guestConsole) Write(p []byte) (int, error) { return c.typed.Write(p) }

func (c *guestConsole) Close() error {
	return errors.Join(c.typed.Close(), c.output.Close())
}

func (c *guestConsole) Resize(context.Context, int, int) error { return nil }

// emulator acts as a terminal with a slow connection: it answers queries only when its status
// is requested. shown returns what the terminal has received.
func emulator(t *testing.T, keys *os.File) (shown func() string) {
	t.Helper()
	limit := drainLimit
	t.Cleanup(func() { drainLimit = limit })
	drainLimit = time.Minute // on a busy machine, too, the replies arrive in time
	var mu sync.Mutex
	var all []byte
	go func() {
		buf := make([]byte, 4096)
		for {
			n, err := keys.Read(buf)
			if err != nil {
				return
			}
			mu.Lock()
			all = append(all, buf[:n]...)
			asked := bytes.Contains(all, []byte(requestStatus))
			mu.Unlock()
			if asked {
				_, _ = io.WriteString(keys, "\x1b[8;1R\x1b]11;rgb:0/0/0\a\x1b[I"+statusReply)
				_, _ = io.Copy(io.Discard, keys)
			}
		}
	}()
	return func() string {
		mu.Lock()
		defer mu.Unlock()
		return string(all)
	}
}

// TestDetachDrainsLateReplies checks that late replies from the terminal do not become input of
// the shell, and that keys typed afterward do.
func TestDetachDrainsLateReplies(t *testing.T) {
	keys, tty, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer keys.Close()
	defer tty.Close()
	shown := emulator(t, keys)
	r := &runner{printer: &printer{io: Streams{In: tty, Out: tty, Err: tty}}}
	raw, err := openTerminal(r, tty)
	if err != nil {
		t.Fatal(err)
	}
	guest, output := io.Pipe()
	typed, typing := io.Pipe()
	defer typed.Close()
	con := &guestConsole{Reader: guest, typed: typing, output: output}
	go func() {
		_, _ = io.WriteString(output, "\x1b[?1004h\x1b[6n\x1b]11;?\a")
		output.Close() // powered off
	}()
	if ended, err := connectConsole(t.Context(), raw.keys, raw.out, con); !ended || err != nil {
		t.Fatalf("connectConsole: got ended = %v, error %v; want true, nil", ended, err)
	}
	raw.close()
	if !strings.Contains(shown(), saveTitle+"\x1b[?1004h") || !strings.Contains(shown(), resetTerminal+resetColors) {
		t.Errorf("the terminal got %q, want the title saved and the terminal reset", shown())
	}
	if _, err := keys.WriteString("ls\n"); err != nil {
		t.Fatal(err)
	}
	line := make([]byte, 100)
	n, err := tty.Read(line)
	if err != nil || string(line[:n]) != "ls\n" {
		t.Errorf("the shell read %q, %v; want the keys typed after the reset", line[:n], err)
	}
}

func TestSSHResetsTheTerminal(t *testing.T) {
	keys, tty, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer keys.Close()
	defer tty.Close()
	shown := emulator(t, keys)
	r := &runner{printer: &printer{io: Streams{In: tty, Out: tty, Err: tty}}}
	if err := runSSH(r, exec.Command("printf", `plain`)); err != nil {
		t.Fatal(err)
	}
	if err := runSSH(r, exec.Command("printf", `\033[?1004h\033]11;?\a`)); err != nil {
		t.Fatal(err)
	}
	if _, err := keys.WriteString("ls\n"); err != nil {
		t.Fatal(err)
	}
	line := make([]byte, 100)
	n, err := tty.Read(line)
	if err != nil || string(line[:n]) != "ls\n" {
		t.Errorf("the shell read %q, %v; want the keys typed after the reset", line[:n], err)
	}
	if got, want := shown(), "plain"+saveTitle+"\x1b[?1004h\x1b]11;?\a"+resetTerminal+resetColors+requestStatus; !strings.HasPrefix(got, want) {
		t.Errorf("the terminal got %q, want %q", got, want)
	}
}

// TestDetachStopsOutputFirst checks that no output reaches the terminal after the reset.
func TestDetachStopsOutputFirst(t *testing.T) {
	guest, output := io.Pipe()
	typed, typing := io.Pipe()
	defer typed.Close()
	con := &guestConsole{Reader: guest, typed: typing, output: output}
	go func() {
		for {
			if _, err := io.WriteString(output, "\x1b[?1003h"); err != nil {
				return
			}
		}
	}()
	var out lastWrite
	if ended, err := connectConsole(t.Context(), bytes.NewReader([]byte{detachKey}), &out, con); ended || err != nil {
		t.Fatalf("connectConsole: got ended = %v, error %v; want false, nil", ended, err)
	}
	out.closed.Lock()
	defer out.closed.Unlock()
	if _, err := guest.Read(make([]byte, 1)); err == nil {
		t.Error("the console is still open")
	}
}

// lastWrite panics if it is written to while closed is locked.
type lastWrite struct{ closed sync.Mutex }

func (w *lastWrite) Write(p []byte) (int, error) {
	if !w.closed.TryLock() {
		panic("write after the reset")
	}
	defer w.closed.Unlock()
	return len(p), nil
}

// TestFilterShowsTextOnly checks that a terminal shows the guest's text and styles, and that
// none of the guest's own sequences reach it.
func TestFilterShowsTextOnly(t *testing.T) {
	var sent bytes.Buffer
	var replies []string
	f := newOutputFilter(&sent, 20, 4, func(b []byte) { replies = append(replies, string(b)) })
	var text strings.Builder
	for i := range 9 {
		text.WriteString(strings.Repeat(string(rune('a'+i)), i+1) + "\r\n")
	}
	_, _ = io.WriteString(f, text.String()+
		"\x1b]0;evil title\a\x1b]52;c;ZXZpbA==\a\x1b]8;;http://evil\a\x1bP+q\x1b\\"+
		"\x1b[1;31mred\x1b[0m \x1b[48;2;1;2;3m漢\x1b[0m\x1b[6n\x1b[?1h\x1b[?2004h")
	f.close()
	for _, bad := range []string{"\x1b]", "\x1bP", "evil", "\x1b[6n"} {
		if strings.Contains(sent.String(), bad) {
			t.Errorf("the terminal got %q, want none of the guest's sequences", bad)
		}
	}
	if !slices.Equal(replies, []string{"\x1b[4;7R"}) {
		t.Errorf("got replies %q, want only the cursor position", replies)
	}
	real, want := screen.New(20, 4), screen.New(20, 4)
	_, _ = real.Write(bytes.ReplaceAll(sent.Bytes(), []byte("\n"), []byte("\r\n"))) // the column at a "\n" does not matter
	_, _ = io.WriteString(want, text.String()+"\x1b[1;31mred\x1b[0m \x1b[48;2;1;2;3m漢\x1b[0m")
	for row := range 4 {
		for col := range 20 {
			got, want := real.Cell(col, row), want.Cell(col, row)
			if got.Rune == ' ' {
				got.Rune = 0
			}
			if want.Rune == ' ' {
				want.Rune = 0
			}
			if got != want {
				t.Errorf("row %d, column %d: got %+v, want %+v", row, col, got, want)
			}
		}
	}
	if m := real.Modes(); !m.AppCursor || !m.BracketedPaste {
		t.Errorf("got modes %+v, want AppCursor and BracketedPaste", m)
	}
	// Lines that scrolled off are in the scrollback, once each and in order.
	first, end := real.Lines()
	var lines []string
	for n := first; n < end; n++ {
		cells, _ := real.Line(n, nil)
		var line strings.Builder
		for _, c := range cells {
			if c.Rune != 0 {
				line.WriteRune(c.Rune)
			}
		}
		if line.Len() > 0 {
			lines = append(lines, line.String())
		}
	}
	if want := append(strings.Fields(text.String()), "red 漢"); !slices.Equal(lines, want) {
		t.Errorf("terminal with scrollback: got lines %q, want %q", lines, want)
	}
}

// TestFilterResize checks that everything is drawn again after a resize.
func TestFilterResize(t *testing.T) {
	var sent bytes.Buffer
	f := newOutputFilter(&sent, 20, 4, func([]byte) {})
	_, _ = io.WriteString(f, "\x1b[?1049h\x1b[2;3Hvim")
	f.resize(30, 6)
	f.close()
	real := screen.New(30, 6)
	_, _ = real.Write(sent.Bytes())
	if c := real.Cell(2, 1); c.Rune != 'v' {
		t.Errorf("got %q, want %q", c.Rune, 'v')
	}
}

func TestKeysInjectAndStop(t *testing.T) {
	keys, tty, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer keys.Close()
	defer tty.Close()
	k, err := newKeyReader(tty)
	if err != nil {
		t.Fatal(err)
	}
	defer k.close()
	k.inject([]byte("answer"))
	buf := make([]byte, 4)
	var got []byte
	for len(got) < 6 {
		n, err := k.Read(buf)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, buf[:n]...)
	}
	if string(got) != "answer" {
		t.Errorf("got %q, want %q", got, "answer")
	}
	ended := make(chan error, 1)
	go func() {
		_, err := k.Read(buf)
		ended <- err
	}()
	k.stop()
	if err := <-ended; !errors.Is(err, io.EOF) {
		t.Errorf("Read after stop: got %v, want EOF", err)
	}
}

package screen

import (
	"fmt"
	"strings"
	"testing"
)

// rows returns the rows of the screen joined by '|', without trailing blanks or trailing empty
// rows.
func rows(s *Screen) string {
	_, end := s.Lines()
	var out []string
	for n := end - int64(s.rows); n < end; n++ {
		cells, _ := s.Line(n, nil)
		var b strings.Builder
		writeCells(&b, cells)
		out = append(out, b.String())
	}
	return strings.TrimRight(strings.Join(out, "|"), "|")
}

func write(s *Screen, text string) { _, _ = s.Write([]byte(text)) }

func TestWrite(t *testing.T) {
	tests := []struct {
		name, in, want string
		x, y           int
	}{
		{"text", "hello", "hello", 5, 0},
		{"newline only moves down", "ab\ncd", "ab|  cd", 4, 1},
		{"return", "ab\r\ncd\rx", "ab|xd", 1, 1},
		{"wrap waits", "1234567890", "1234567890", 9, 0},
		{"wrap", "12345678901", "1234567890|1", 1, 1},
		{"wrap dropped by a move", "1234567890\rx", "x234567890", 1, 0},
		{"backspace at the wrap", "1234567890\bx", "12345678x0", 9, 0},
		{"no autowrap", "\x1b[?7l123456789012", "1234567892", 9, 0},
		{"scroll", "1\r\n2\r\n3\r\n4\r\n5", "2|3|4|5", 1, 3},
		{"position", "\x1b[2;3Hx", "|  x", 3, 1},
		{"position clamped", "\x1b[99;99Hx", "|||         x", 9, 3},
		{"column and row", "\x1b[4Gx\x1b[3dy\x1b[2`z", "   x|| z  y", 2, 2},
		{"relative moves", "\x1b[3;5H\x1b[Aa\x1b[Bb\x1b[2Dc\x1b[Cd", "|    a|    cbd", 7, 2},
		{"next and previous line", "ab\x1b[Ec\x1b[2Fd", "db|c", 1, 0},
		{"erase to the end", "abcd\x1b[2D\x1b[K", "ab", 2, 0},
		{"erase to the start", "abcd\x1b[2D\x1b[1K", "   d", 2, 0},
		{"erase a line", "abcd\x1b[2K", "", 4, 0},
		{"erase below", "a\r\nb\r\nc\x1b[2;1H\x1b[J", "a", 0, 1},
		{"erase above", "aa\r\nbb\r\ncc\x1b[2;1H\x1b[1J", "| b|cc", 0, 1},
		{"erase all", "a\r\nb\x1b[2J", "", 1, 1},
		{"erase characters", "abcdef\x1b[1;2H\x1b[2X", "a  def", 1, 0},
		{"insert characters", "abcdef\x1b[1;2H\x1b[2@", "a  bcdef", 1, 0},
		{"insert pushes out", "1234567890\x1b[1;2H\x1b[3@", "1   234567", 1, 0},
		{"delete characters", "abcdef\x1b[1;2H\x1b[2P", "adef", 1, 0},
		{"insert lines", "a\r\nb\r\nc\x1b[2;2H\x1b[L", "a||b|c", 0, 1},
		{"delete lines", "a\r\nb\r\nc\x1b[1;1H\x1b[2M", "c", 0, 0},
		{"scroll up and down", "a\r\nb\x1b[S", "b", 1, 1},
		{"scroll down", "a\r\nb\x1b[T", "|a|b", 1, 1},
		{"region", "a\r\nb\r\nc\r\nd\x1b[2;3r\x1b[3;1H\nx", "a|c|x|d", 1, 2},
		{"region and reverse", "a\r\nb\r\nc\r\nd\x1b[2;3r\x1b[2;1H\x1bMx", "a|x|b|d", 1, 1},
		{"origin", "\x1b[2;3r\x1b[?6h\x1b[9;2Hx", "|| x", 2, 2},
		{"tabs", "a\tb\tc", "a       bc", 9, 0},
		{"custom tab stops", "\x1b[3g\x1b[1;4H\x1bH\r\tx", "   x", 4, 0},
		{"back tab", "abcdefghi\x1b[Zx", "abcdefghx", 9, 0},
		{"insert mode", "abc\r\x1b[4hxy\x1b[4lz", "xyzbc", 3, 0},
		{"repeat", "ab\x1b[3b", "abbbb", 5, 0},
		{"line drawing", "\x1b(0lqk\x1b(Bq", "┌─┐q", 4, 0},
		{"British", "\x1b(A#$\x1b(B#", "£$#", 3, 0},
		{"special graphics", "\x1b(0_`bcdhi}\x1b(B}", " ◆␉␌␍␤␋£}", 9, 0},
		{"G2 for one character", "\x1b*0\x1bNqq", "─q", 2, 0},
		{"G3 for one character", "\x1b+A\x1bO##", "£#", 2, 0},
		{"G2 and G3 locked", "\x1b*0\x1b+A\x1bnq#\x1boq#\x0f#q", "─#q£#q", 6, 0},
		{"an unknown set", "\x1b(Kq#", "q#", 2, 0},
		{"character sets restored with the cursor", "\x1b(0\x1b7\x1b(B\x1b8q", "─", 1, 0},
		{"line drawing in G1", "\x1b)0\x0eq\x0fq", "─q", 2, 0},
		{"newline mode", "a\x1b[20hb\nc", "ab|c", 1, 1},
		{"save and restore", "\x1b[2;2H\x1b7\x1b[H\x1b8x", "| x", 2, 1},
		{"save and restore, short", "\x1b[2;2H\x1b[s\x1b[H\x1b[ux", "| x", 2, 1},
		{"alternate and back", "a\x1b[?1049hb\x1b[?1049lc", "ac", 2, 0},
		{"alternate", "a\x1b[?1049h\x1b[Hb", "b", 1, 0},
		{"old alternate", "a\x1b[?47hb\x1b[?47lc", "a c", 3, 0},
		{"wide", "界x", "界x", 3, 0},
		{"wide does not fit", "123456789界", "123456789|界", 2, 1},
		{"wide overwritten on the left", "界\rx", "x", 1, 0},
		{"wide overwritten on the right", "界\x1b[2Gx", " x", 2, 0},
		{"wide cut by delete", "a界b\x1b[3G\x1b[P", "a b", 2, 0},
		{"emoji", "😀!", "😀!", 3, 0},
		{"combining", "e\u0301x", "e\u0301x", 2, 0},
		{"combining on wide", "界\u0301x", "界\u0301x", 3, 0},
		{"not UTF-8", "a\xffb\xc3", "a\ufffdb", 3, 0},
		{"cut short", "\xe2\x82x", "\ufffdx", 2, 0},
		{"control inside a sequence", "ab\x1b[1\r;2Hx", "ax", 2, 0},
		{"canceled", "\x1b[31\x18mx", "mx", 2, 0},
		{"title is not shown", "\x1b]0;title\x07x\x1b]2;t\x1b\\y", "xy", 2, 0},
		{"strings are not shown", "\x1bPabc\x1b\\x\x1b_abc\x1b\\y\x1b^abc\x1b\\z", "xyz", 3, 0},
		{"alignment", "\x1b#8\x1b[2J\x1b#8\x1b[2;1H\x1b[0J", "EEEEEEEEEE", 0, 1},
		{"reset", "abc\x1b[?7l\x1bcx", "x", 1, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := New(10, 4)
			write(s, tt.in)
			if got := rows(s); got != tt.want {
				t.Errorf("shows %q, want %q", got, tt.want)
			}
			if x, y := s.Cursor(); x != tt.x || y != tt.y {
				t.Errorf("cursor at %d,%d, want %d,%d", x, y, tt.x, tt.y)
			}
			checkInvariants(t, s)
		})
	}
}

func TestGraphics(t *testing.T) {
	tests := []struct {
		in   string
		want Cell
	}{
		{"", Cell{}},
		{"1;3;4;9", Cell{Attr: Bold | Italic | Underline | Strike}},
		{"2;5;7;8", Cell{Attr: Dim | Blink | Inverse | Conceal}},
		{"1;2;3;4;5;7;8;9;22;23;24;25;27;28;29", Cell{}},
		{"1;31;0", Cell{}},
		{"1;31;", Cell{}},
		{"31;42", Cell{FG: Palette(1), BG: Palette(2)}},
		{"91;102", Cell{FG: Palette(9), BG: Palette(10)}},
		{"31;42;39;49", Cell{}},
		{"38;5;200;48;5;17", Cell{FG: Palette(200), BG: Palette(17)}},
		{"38;2;1;2;3;1", Cell{FG: RGB(1, 2, 3), Attr: Bold}},
		{"38:5:200;1", Cell{FG: Palette(200), Attr: Bold}},
		{"38:2:1:2:3;1", Cell{FG: RGB(1, 2, 3), Attr: Bold}},
		{"48:2::1:2:3;1", Cell{BG: RGB(1, 2, 3), Attr: Bold}},
		{"4:3", Cell{Attr: Underline}},
		{"4;4:0;1", Cell{Attr: Bold}},
		{"58;5;3;1", Cell{Attr: Bold}},
		{"58:2::1:2:3;1", Cell{Attr: Bold}},
		{"38;5;999;1", Cell{Attr: Bold}},
		{"38;9", Cell{}},
		{"38", Cell{}},
		{"38;2;1", Cell{}},
	}
	for _, tt := range tests {
		s := New(10, 4)
		write(s, "\x1b["+tt.in+"mx")
		tt.want.Rune = 'x'
		if got := s.Cell(0, 0); got != tt.want {
			t.Errorf("%q: got %+v, want %+v", tt.in, got, tt.want)
		}
	}
}

func TestEraseUsesBackground(t *testing.T) {
	s := New(4, 2)
	write(s, "\x1b[44mab\x1b[K\r\n\n\n")
	for x := range 4 {
		for y := range 2 {
			if bg := s.Cell(x, y).BG; bg != Palette(4) {
				t.Errorf("cell %d,%d has background %x, want palette color 4", x, y, bg)
			}
		}
	}
}

func TestReplies(t *testing.T) {
	tests := []struct{ in, want string }{
		{"\x1b[c", deviceAttributes},
		{"\x1b[0c", deviceAttributes},
		{"\x1bZ", deviceAttributes},
		{"\x1b[>c", secondaryAttributes},
		{"\x1b[5n", "\x1b[0n"},
		{"\x1b[2;3H\x1b[6n", "\x1b[2;3R"},
		{"\x1b[999;999H\x1b[6n", "\x1b[4;10R"},
		{"\x1b[2;3r\x1b[?6h\x1b[2;1H\x1b[6n", "\x1b[2;1R"},
		{"\x1b[?6n", "\x1b[?1;1R"},
		{"\x1b[18t", "\x1b[8;4;10t"},
		{"\x1b[?7$p\x1b[?2004$p\x1b[?999$p\x1b[4$p", "\x1b[?7;1$y\x1b[?2004;2$y\x1b[?999;0$y\x1b[4;2$y"},
		{"\x1bP$qm\x1b\\", "\x1bP0$r\x1b\\"},
		{"\x1b]52;c;?\a\x1b]10;?\a\x1b[21t", ""},
	}
	for _, tt := range tests {
		s := New(10, 4)
		write(s, tt.in)
		if got := string(s.TakeReplies()); got != tt.want {
			t.Errorf("%q: got %q, want %q", tt.in, got, tt.want)
		}
		if s.TakeReplies() != nil {
			t.Errorf("%q: replied twice", tt.in)
		}
	}
}

func TestModes(t *testing.T) {
	start := New(10, 4).Modes()
	tests := []struct {
		in   string
		want func(*Modes)
	}{
		{"\x1b[?1h", func(m *Modes) { m.AppCursor = true }},
		{"\x1b=", func(m *Modes) { m.AppKeypad = true }},
		{"\x1b=\x1b>", func(*Modes) {}},
		{"\x1b[?2004h", func(m *Modes) { m.BracketedPaste = true }},
		{"\x1b[?1000;1006h", func(m *Modes) { m.Mouse, m.MouseSGR = MouseClicks, true }},
		{"\x1b[?1003h", func(m *Modes) { m.Mouse = MouseAll }},
		{"\x1b[?1002h\x1b[?1002l", func(*Modes) {}},
		{"\x1b[?9h", func(m *Modes) { m.Mouse = MousePress }},
		{"\x1b[?1004h", func(m *Modes) { m.FocusEvents = true }},
		{"\x1b[?25l", func(m *Modes) { m.ShowCursor = false }},
		{"\x1b[?1049h", func(m *Modes) { m.Alternate = true }},
		{"\x1b[?1049h\x1b[?1049l", func(*Modes) {}},
		{"\x1b[?5h", func(m *Modes) { m.ReverseVideo = true }},
		{"\x1b[4 q", func(m *Modes) { m.Cursor, m.CursorBlinks = CursorUnderline, false }},
		{"\x1b[5 q", func(m *Modes) { m.Cursor = CursorBar }},
		{"\x1b[5 q\x1b[0 q", func(*Modes) {}},
		{"\x1b[?2026h", func(m *Modes) { m.Holding = true }},
		{"\x1b[?1h\x1b=\x1b[?25l\x1b[!p", func(*Modes) {}},
		{"\x1b[?1h\x1b[?1003h\x1b[?2004h\x1bc", func(*Modes) {}},
	}
	for _, tt := range tests {
		s := New(10, 4)
		write(s, tt.in)
		want := start
		tt.want(&want)
		if got := s.Modes(); got != want {
			t.Errorf("%q: got %+v, want %+v", tt.in, got, want)
		}
	}
}

func TestTitleAndBell(t *testing.T) {
	s := New(10, 4)
	write(s, "\x1b]0;a\x1bb\x1b]2;na\x01me é\u202e\xff\x07\a\a\x1b]7;file:///etc\a")
	if s.Title() != "name é" || s.Bells() != 2 {
		t.Errorf("title %q, %d bells; want %q, 2", s.Title(), s.Bells(), "name é")
	}
	write(s, "\x1b]2;"+strings.Repeat("é", 1000)+"\a")
	if n := len([]rune(s.Title())); n != maxTitle {
		t.Errorf("got a title of %d characters, want %v", n, maxTitle)
	}
}

func TestScrollback(t *testing.T) {
	s := New(10, 3)
	for i := range 12000 {
		write(s, fmt.Sprintf("\x1b[3%dml%d 界é\u0301\r\n", i%8, i))
	}
	first, end := s.Lines()
	if end-first != MaxHistory+3 || end != 12001 {
		t.Fatalf("got lines %d to %d, want the newest 10003 of 12001", first, end)
	}
	if got := s.Text(Range{From: Pos{Line: 5000}, To: Pos{Line: 5001, Col: 3}}); got != "l5000 界é\u0301\nl50" {
		t.Errorf("line 5000 is %q, want %q", got, "l5000 界é\u0301\nl50")
	}
	cells, _ := s.Line(5001, nil)
	if cells[0].FG != Palette(1) || cells[6].Part != WideLeft || cells[7].Part != WideRight || cells[8].Marks[0] != 0x301 {
		t.Errorf("line 5001 is %+v, want red text, a wide character and a mark", cells)
	}
	write(s, "\x1b[?1049h"+strings.Repeat("alt\r\n", 10))
	if _, e := s.Lines(); e != end {
		t.Error("the alternate screen was added to the scrollback")
	}
	write(s, "\x1b[?1049l\x1b[3J")
	if first, end := s.Lines(); end-first != 3 || rows(s) != "l11998 界é\u0301|l11999 界é\u0301" {
		t.Errorf("after ED 3: got lines %d to %d, %q; want 3 lines, %q", first, end, rows(s), "l11998 界é\u0301|l11999 界é\u0301")
	}
}

func TestText(t *testing.T) {
	s := New(10, 3)
	write(s, "one two three four\r\n\r\nlast  \r\n\r\n")
	if got, want := s.Text(s.All()), "one two three four\n\nlast"; got != want {
		t.Errorf("text of all is %q, want %q", got, want)
	}
	if got, want := s.Text(Range{From: Pos{0, 4}, To: Pos{1, 3}}), "two three"; got != want {
		t.Errorf("text of a range is %q, want %q", got, want)
	}
	s = New(4, 3)
	write(s, "abc界x  y")
	if got, want := s.Text(s.All()), "abc界x  y"; got != want {
		t.Errorf("text with a wrapped wide character is %q, want %q", got, want)
	}
	s = New(40, 3)
	write(s, "see http://a.b/c?d=e, or -x")
	if got := s.Text(s.WordAt(Pos{0, 8})); got != "http://a.b/c?d=e," {
		t.Errorf("word is %q, want %q", got, "http://a.b/c?d=e,")
	}
	if !s.WordAt(Pos{0, 3}).Empty() || !s.WordAt(Pos{9, 99}).Empty() {
		t.Error("WordAt on a blank is not empty")
	}
}

func TestResize(t *testing.T) {
	tests := []struct {
		name, in   string
		cols, rows int
		want       string
		x, y       int
		back       int64 // lines of scrollback
	}{
		{"wider joins", "1234567890abc", 20, 4, "1234567890abc", 13, 0, 0},
		{"narrower wraps", "12345678", 5, 4, "12345|678", 3, 1, 0},
		{"full rows", "a\r\nb\r\nc\r\nd", 10, 2, "c|d", 1, 1, 2},
		{"fewer rows, blank below", "a\r\nb", 10, 2, "a|b", 1, 1, 0},
		{"more rows, taken from scrollback", "a\r\nb\r\nc\r\nd\r\ne\r\nf", 10, 5, "b|c|d|e|f", 1, 4, 1},
		{"more rows, not full", "a\r\nb\r\nc\r\nd\r\ne\x1b[H\x1b[Jx", 10, 6, "x", 1, 0, 1},
		{"narrower pushes", "a\r\nb\r\nc\r\n12345678", 5, 4, "b|c|12345|678", 3, 3, 1},
		{"wide at the edge", "123界45", 4, 4, "123|界45", 3, 1, 0},
		{"wide joined again", "123456789界45", 13, 4, "123456789界45", 12, 0, 0},
		{"pending wrap", "1234567890", 12, 4, "1234567890", 10, 0, 0},
		{"prompt after blanks", "a\r\n\r\n$ ", 8, 4, "a||$", 2, 2, 0},
		{"tiny", "ab\r\n界", 1, 1, "", 0, 0, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := New(10, 4)
			write(s, tt.in)
			s.Resize(tt.cols, tt.rows)
			checkInvariants(t, s)
			if tt.name == "tiny" {
				return
			}
			if got := rows(s); got != tt.want {
				t.Errorf("shows %q, want %q", got, tt.want)
			}
			if x, y := s.Cursor(); x != tt.x || y != tt.y {
				t.Errorf("cursor at %d,%d, want %d,%d", x, y, tt.x, tt.y)
			}
			if first, end := s.Lines(); end-first-int64(tt.rows) != tt.back {
				t.Errorf("got %d lines of scrollback, want %d", end-first-int64(tt.rows), tt.back)
			}
		})
	}
}

func TestResizeKeepsText(t *testing.T) {
	s := New(80, 24)
	for i := range 300 {
		write(s, fmt.Sprintf("%d: %s\r\n", i, strings.Repeat("word ", i%40)))
	}
	want := s.Text(s.All())
	for _, size := range [][2]int{{40, 10}, {120, 50}, {33, 7}, {200, 5}, {80, 24}} {
		s.Resize(size[0], size[1])
		checkInvariants(t, s)
		if got := s.Text(s.All()); got != want {
			t.Fatalf("at %v: the text differs", size)
		}
	}
	write(s, "\x1b[?1049hfull screen")
	s.Resize(20, 5)
	s.Resize(80, 24)
	write(s, "\x1b[?1049l")
	if got := s.Text(s.All()); got != want {
		t.Error("the text differs after a resize while the alternate screen was active")
	}
}

func TestBeginSession(t *testing.T) {
	s := New(10, 4)
	write(s, "1\r\n2\r\n3\r\n4\r\n5\r\n6\x1b[?7l\x1b[?1h\x1b[31m")
	write(s, "\x1b[?1049hfull screen\x1b]0;begun")
	s.StartProgram()
	if got := s.Text(s.All()); got != "1\n2\n3\n4\n5\n6" {
		t.Errorf("the scrollback is %q, want %q", got, "1\n2\n3\n4\n5\n6")
	}
	write(s, "12345678901")
	if got := rows(s); got != "1234567890|1" {
		t.Errorf("the screen is %q, want %q", got, "1234567890|1")
	}
	if m := s.Modes(); m.AppCursor || m.Alternate || !m.ShowCursor {
		t.Errorf("the modes are %+v, want not AppCursor, not Alternate, ShowCursor", m)
	}
	if first, end := s.Lines(); end-first != 6+4 {
		t.Errorf("got %d lines, want %v", end-first, 6+4)
	}
	s.StartProgram()
	s.StartProgram() // the screen is empty
	if got := s.Text(s.All()); got != "1\n2\n3\n4\n5\n6\n12345678901" {
		t.Errorf("after a second call: got %q, want %q", got, "1\n2\n3\n4\n5\n6\n12345678901")
	}
}

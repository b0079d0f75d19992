package screen

import (
	"math/rand/v2"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

func randomBytes(n int) string {
	r := rand.NewChaCha8([32]byte{1})
	b := make([]byte, n)
	_, _ = r.Read(b)
	return string(b)
}

// Output that made other terminals hang, crash or exhaust memory.
var hostileOutputs = map[string]string{
	"tab in the last partial stop": strings.Repeat("x", 81) + "\t\t\tx",
	"mode without number":          "\x1b[h\x1b[l\x1b[?h\x1b[?l",
	"edit past the end":            "\x1b[999C\x1b[P\x1b[@\x1b[9999P\x1b[9999@\x1b[9999X",
	"odd region":                   "\x1b[5;2r\x1bM\x1b[0;0r\x1bM\x1b[9999;1r\x1bM\x1b[24;24r\x1bM",
	"odd folder":                   "\x1b]7;file://%zz\a\x1b]7;\a\x1b]7\a\x1b]7;file:///etc\x1b\\",
	"clipboard":                    "\x1b]52;c;" + strings.Repeat("QUJD", 100000) + "\a",
	"huge insert":                  "\x1b[9999999999999999999@\x1b[9999999999999999999P",
	"huge erase":                   "\x1b[9223372036854775807X\x1b[50000000X",
	"huge repeat":                  "a\x1b[100000000b",
	"huge tabs":                    "\x1b[2147483647I\x1b[2147483647Z",
	"huge scroll":                  "\x1b[99999999S\x1b[99999999T\x1b[99999999L\x1b[99999999M",
	"huge move":                    "\x1b[99999999A\x1b[99999999B\x1b[99999999C\x1b[99999999D\x1b[99999999;99999999H",
	"endless command":              "\x1b]0;" + strings.Repeat("a", 256<<10),
	"endless device string":        "\x1bP" + strings.Repeat("q", 256<<10),
	"endless application string":   "\x1b_" + strings.Repeat("q", 256<<10),
	"endless number":               "\x1b[" + strings.Repeat("9", 256<<10),
	"endless parameters":           "\x1b[" + strings.Repeat("1;", 128<<10) + "m",
	"endless subparameters":        "\x1b[38" + strings.Repeat(":2", 128<<10) + "m",
	"endless intermediates":        "\x1b[" + strings.Repeat("!", 256<<10) + "p",
	"endless marks":                "e" + strings.Repeat("\u0301", 100000),
	"marks on nothing":             "\u0301\x1b[10;10H\u0301",
	"half runes":                   strings.Repeat("\xe2\x82\xf0\x9f\xc3(\xa0\xff\xfe\x80", 1000),
	"8-bit controls":               "\u009b31mA\u0090\u009d0;x\u009c",
	"asks and asks":                strings.Repeat("\x1b[6n\x1b[c\x1b[5n\x1b[18t\x1b[?2004$p", 20000),
	"escapes":                      strings.Repeat("\x1b", 100000),
	"title":                        "\x1b]2;" + strings.Repeat("t\x00\x07", 1000) + "\x1b]2;a\x1b]2;\xff\u202e\nb\x1b\\",
	"wide in the last column":      "\x1b[1;80H界\x1b[?7l\x1b[1;80H界界\x1b[1;79H界\x1b[D\x1b[P\x1b[@x",
	"origin outside":               "\x1b[3;5r\x1b[?6h\x1b[99;99H\x1b[99A\x1b[6n\n\n\n\x1bM\x1bM\x1bM\x1bM",
	"alternate to and fro":         strings.Repeat("\x1b[?1049h\x1b[?47l\x1b[?1047h\x1b[?1049l\x1b8", 3000),
	"resets":                       strings.Repeat("\x1bc\x1b[!p\x1b#8", 500),
	"random":                       randomBytes(256 << 10),
	"random sequences":             randomSequences(64 << 10),
}

func randomSequences(n int) string {
	r := rand.New(rand.NewPCG(1, 2))
	const alphabet = "0123456789;:?>!$ \x1b[]PABCDEFGHIJKLMSTXZ@bcdfghlmnqrstux\n\r\t界é\u0301"
	runes := []rune(alphabet)
	var b strings.Builder
	for b.Len() < n {
		if r.IntN(4) == 0 {
			b.WriteString("\x1b[")
		}
		b.WriteRune(runes[r.IntN(len(runes))])
	}
	return b.String()
}

func TestHostileOutput(t *testing.T) {
	for name, input := range hostileOutputs {
		t.Run(name, func(t *testing.T) {
			for _, size := range [][2]int{{80, 24}, {1, 1}, {83, 3}, {2, 200}} {
				s := New(size[0], size[1])
				start := cpuTime(t)
				_, _ = s.Write([]byte(input))
				if n := cap(s.parser.text); n > maxString {
					t.Errorf("%v: got %d stored bytes of a string, want at most 4 KiB", size, n)
				}
				if d := cpuTime(t) - start; d > 100*time.Millisecond*slowdown {
					t.Errorf("%v: took %v, which is too long", size, d)
				}
				_, _ = s.Write([]byte("\x1b\\\x18\x1b[!p\x1b[mok"))
				checkInvariants(t, s)
				if n := len(s.TakeReplies()); n > maxReplies {
					t.Errorf("got %d bytes of replies, want at most 4 KiB", n)
				}
			}
		})
	}
}

func TestNumbersAreClamped(t *testing.T) {
	for digits := 1; digits < 60; digits++ {
		s := New(80, 24)
		_, _ = s.Write([]byte("\x1b[" + strings.Repeat("9", digits)))
		if n := s.parser.params.value[0]; n < 9 || n > maxParam {
			t.Fatalf("%d digits: got %d, want 9 to 65536", digits, n)
		}
	}
}

// costly contains short sequences that take long to draw.
var costly = []string{"a\x1b[99999b", "界\x1b[99999b", "\x1b#8", "\x1b[41m\x1b[2J", "\x1b#8\x1b[3J", "\x1bc", "\x1b[99999S", "\x1b[99999L"}

// Writing one Piece takes at most a tenth of a second on the largest screen (see
// BenchmarkCostly); ten times that is a defect on any machine.
func TestPieceTakesBoundedTime(t *testing.T) {
	for _, in := range costly {
		s := New(MaxCols, MaxRows)
		piece := []byte(strings.Repeat(in, MaxWrite))[:MaxWrite]
		start := cpuTime(t)
		_, _ = s.Write(piece)
		if d := cpuTime(t) - start; d > time.Second*slowdown {
			t.Errorf("%q: %d bytes took %v, which is too long", in, MaxWrite, d)
		}
	}
}

func BenchmarkCostly(b *testing.B) {
	for _, in := range costly {
		b.Run(strconv.Quote(in), func(b *testing.B) {
			s := New(MaxCols, MaxRows)
			piece := []byte(strings.Repeat(in, MaxWrite))[:MaxWrite]
			for b.Loop() {
				_, _ = s.Write(piece)
			}
		})
	}
}

// cpuTime returns the CPU time of this process, which does not depend on the machine's load.
func cpuTime(t *testing.T) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func TestHostileOutputTakesBoundedMemory(t *testing.T) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	s := New(200, 60)
	motley := newLine(MaxCols)
	for i := range motley.cells {
		motley.cells[i] = Cell{Rune: 'é', Marks: [2]rune{0x301, 0x302}, FG: RGB(1, 2, uint8(i))}
	}
	motley.used = MaxCols
	for range 3000 {
		s.history.push(motley)
	}
	if s.history.bytes > maxHistoryBytes || s.history.count < 1000 {
		t.Errorf("got %d lines that use %d bytes, want at least 1000 and at most 32 MiB", s.history.count, s.history.bytes)
	}
	for _, input := range hostileOutputs {
		_, _ = s.Write([]byte(input))
		_, _ = s.Write([]byte("\x1b\\"))
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	const limit = maxHistoryBytes + 8<<20
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > limit {
		t.Errorf("the screen uses %d MiB, want at most 40", grown>>20)
	}
	runtime.KeepAlive(s)
}

// checkInvariants tests the invariants of a screen.
func checkInvariants(t *testing.T, s *Screen) {
	t.Helper()
	cols, rows := s.Size()
	if x, y := s.Cursor(); x < 0 || x >= cols || y < 0 || y >= rows {
		t.Fatalf("cursor at %d,%d, want it within %d by %d", x, y, cols, rows)
	}
	if s.regionTop < 0 || s.regionEnd > rows || s.regionTop >= s.regionEnd {
		t.Fatalf("scrolling region %d..%d, want it within %d rows", s.regionTop, s.regionEnd, rows)
	}
	if s.cur.wrap && s.cur.x != cols-1 {
		t.Fatal("wrap pending before the last column")
	}
	if s.history.count > MaxHistory || len(s.tabs) != cols {
		t.Fatalf("got %d lines in the scrollback, %d tab columns; want at most 10000, %v", s.history.count, len(s.tabs), cols)
	}
	for _, p := range []*page{&s.main, &s.alt} {
		if len(p.lines) != rows {
			t.Fatalf("got %d rows, want %d", len(p.lines), rows)
		}
		for y, l := range p.lines {
			checkLine(t, l, cols, y)
		}
	}
	first, end := s.Lines()
	var cells []Cell
	for n := max(first, end-int64(rows)-200); n < end; n++ {
		cells, _ = s.Line(n, cells[:0])
		if len(cells) > cols {
			t.Fatalf("line %d has %d cells, want at most %d", n, len(cells), cols)
		}
	}
}

func checkLine(t *testing.T, l *line, cols, y int) {
	t.Helper()
	if len(l.cells) != cols || l.used > cols {
		t.Fatalf("row %d: got %d cells, %d used; want %v, and at most as many used", y, len(l.cells), l.used, cols)
	}
	for x, c := range l.cells {
		if x >= l.used && c != (Cell{}) {
			t.Fatalf("row %d: cell %d, with %d used, is %+v, want it zero", y, x, l.used, c)
		}
		if c.Rune != 0 && (c.Rune < 0x20 || c.Rune >= 0x7f && c.Rune < 0xa0) {
			t.Fatalf("row %d: control character %U in a cell", y, c.Rune)
		}
		left := x > 0 && l.cells[x-1].Part == WideLeft
		if (c.Part == WideRight) != left {
			t.Fatalf("row %d: half of a wide character at %d", y, x)
		}
		if c.Part == WideLeft && x == cols-1 {
			t.Fatalf("row %d: wide character cut at the edge", y)
		}
	}
}

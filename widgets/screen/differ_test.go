package screen

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
)

// viewer applies the changes of a Differ.
type viewer struct {
	differ Differ
	rows   [][]Cell
}

func (v *viewer) update(s *Screen, top int64, marked Range) int {
	changes := v.differ.Diff(s, top, Mark{marked, Marked})
	_, n := s.Size()
	for len(v.rows) < n {
		v.rows = append(v.rows, nil)
	}
	v.rows = v.rows[:n]
	for _, c := range changes {
		v.rows[c.Row] = slices.Clone(c.Cells)
	}
	return len(changes)
}

func (v *viewer) check(t *testing.T, s *Screen, top int64) {
	t.Helper()
	for row := range v.rows {
		want, _ := s.Line(top+int64(row), nil)
		if !slices.Equal(v.rows[row], want) {
			t.Fatalf("row %d shows %+v, want %+v", row, v.rows[row], want)
		}
	}
}

func TestDiffReturnsOnlyChangedRows(t *testing.T) {
	s, v := New(80, 24), viewer{}
	write(s, "hello")
	_, end := s.Lines()
	for i, step := range []struct {
		in   string
		want int
	}{
		{"", 24}, {"", 0}, {"x", 1}, {"\x1b[31m\x1b[6n", 0}, {"\r\ny", 1}, {"\x1b[2J", 2}, {"\x1b#8", 24},
	} {
		write(s, step.in)
		if got := v.update(s, end-24, Range{}); got != step.want {
			t.Errorf("step %d: %d rows changed, want %d", i, got, step.want)
		}
		v.check(t, s, end-24)
	}
	v.differ.Reset()
	if v.update(s, end-24, Range{}) != 24 {
		t.Error("Diff after Reset did not return every row")
	}
}

func TestDiffMarksRange(t *testing.T) {
	s, v := New(5, 3), viewer{}
	write(s, "abc\r\n\r\nxyz")
	marked := Range{From: Pos{0, 1}, To: Pos{2, 2}}
	v.update(s, 0, marked)
	for row, want := range []string{".####", "#####", "##."} {
		var got []byte
		for _, c := range v.rows[row] {
			if c.Attr&Marked != 0 {
				got = append(got, '#')
			} else {
				got = append(got, '.')
			}
		}
		if string(got) != want {
			t.Errorf("row %d is marked %q, want %q", row, got, want)
		}
	}
	if v.update(s, 0, marked) != 0 || v.update(s, 0, Range{}) != 3 {
		t.Error("the mark was not applied and removed")
	}
}

// FuzzScreen writes bytes with a resize in between. It checks the invariants of the screen,
// that splitting the bytes does not matter, and that a viewer shows the contents.
func FuzzScreen(f *testing.F) {
	for _, in := range hostileOutputs {
		if len(in) < 4<<10 {
			f.Add([]byte(in), uint8(20), uint8(5))
		}
	}
	f.Add([]byte("a界\x1b[?1049h\x1b[31;44mx\x1b[?1049l\r\n\n\n\n\n\n\n"), uint8(7), uint8(3))
	f.Fuzz(func(t *testing.T, in []byte, cols, rows uint8) {
		whole := New(int(cols), int(rows))
		write(whole, string(in))
		checkInvariants(t, whole)
		pieces, v := New(int(cols), int(rows)), viewer{}
		for i, b := range in {
			write(pieces, string([]byte{b}))
			if i%16 == 0 {
				first, _ := pieces.Lines()
				v.update(pieces, first, Range{})
				v.check(t, pieces, first)
			}
		}
		if a, b := dump(whole), dump(pieces); a != b {
			t.Fatalf("in one piece:\n%s\nin many:\n%s", a, b)
		}
		half := len(in) / 2
		s := New(int(cols), int(rows))
		write(s, string(in[:half]))
		s.Resize(int(rows)+1, int(cols)/2)
		checkInvariants(t, s)
		write(s, string(in[half:]))
		s.Resize(int(cols), int(rows))
		checkInvariants(t, s)
		s.Text(s.All())
		_, end := s.Lines()
		top := end - int64(s.rows)
		v.update(s, top, Range{})
		v.check(t, s, top)
	})
}

func dump(s *Screen) string {
	var b bytes.Buffer
	first, end := s.Lines()
	for n := first; n < end; n++ {
		cells, wrapped := s.Line(n, nil)
		fmt.Fprintln(&b, n, wrapped, cells)
	}
	fmt.Fprintln(&b, s.cur, s.modes, s.title, string(s.replies))
	return b.String()
}

func benchmark(b *testing.B, chunk []byte) {
	s := New(132, 43)
	b.SetBytes(int64(len(chunk)))
	for b.Loop() {
		if _, err := s.Write(chunk); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPlainText(b *testing.B) {
	benchmark(b, bytes.Repeat([]byte("The quick brown fox jumps over the lazy dog, 1234567890 times.\r\n"), 500))
}

func BenchmarkShortLines(b *testing.B) {
	benchmark(b, bytes.Repeat([]byte("y\r\n"), 10000))
}

func BenchmarkColors(b *testing.B) {
	benchmark(b, bytes.Repeat([]byte("\x1b[01;34mfolder\x1b[0m  \x1b[38;2;10;20;30mfile\x1b[m\r\n"), 500))
}

func BenchmarkWide(b *testing.B) {
	benchmark(b, bytes.Repeat([]byte("界世界世界é\r\n"), 1000))
}

func BenchmarkDiff(b *testing.B) {
	s, v := New(200, 60), viewer{}
	write(s, "\x1b#8")
	for b.Loop() {
		v.differ.Diff(s, 0)
	}
}

func BenchmarkResize(b *testing.B) {
	s := New(132, 43)
	_, _ = s.Write(bytes.Repeat([]byte("The quick brown fox jumps over the lazy dog, 1234567890 times.\r\n"), MaxHistory))
	for b.Loop() {
		s.Resize(60, 43)
		s.Resize(132, 43)
	}
}

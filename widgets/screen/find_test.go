package screen

import (
	"fmt"
	"strings"
	"testing"
)

func TestFind(t *testing.T) {
	for _, test := range []struct {
		name, write, query string
		matchCase          bool
		want               string // line:col-line:col
	}{
		{"nothing", "abc", "", false, ""},
		{"no match", "abc", "x", false, ""},
		{"case does not count", "Error error ERROR", "eRRor", false, "0:0-0:5 0:6-0:11 0:12-0:17"},
		{"case counts", "Error error ERROR", "error", true, "0:6-0:11"},
		{"umlauts have case too", "ÄÖÜ", "äöü", false, "0:0-0:3"},
		{"blanks between", "a  b", "a  B", false, "0:0-0:4"},
		{"none overlap", "aaaaa", "aa", false, "0:0-0:2 0:2-0:4"},
		{"wide", "x界世界", "世界", false, "0:3-0:7"},
		{"composed", "cafe\u0301s", "café", false, "0:0-0:4"},
		{"over the edge", strings.Repeat(".", 18) + "needle", "needle", false, "0:18-1:4"},
		{"over several edges", strings.Repeat("ab", 30), "b" + strings.Repeat("ab", 21), false, "0:1-2:4"},
		{"not over a line's end", strings.Repeat(".", 17) + "nee\r\ndle", "needle", false, ""},
		{"over the edge before a wide one", strings.Repeat(".", 18) + "a界b", "a界b", false, "0:18-1:3"},
		{"blank at the edge", strings.Repeat(".", 18) + "a b", "a b", false, "0:18-1:1"},
		{"in the scrollback", "first\r\n\n\n\n\n\n\nlast first", "first", false, "0:0-0:5 7:5-7:10"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := New(20, 5)
			_, _ = s.Write([]byte(test.write))
			first, end := s.Lines()
			var got []string
			for _, r := range s.Find(NewQuery(test.query, test.matchCase), first, end, nil) {
				got = append(got, fmt.Sprintf("%d:%d-%d:%d", r.From.Line, r.From.Col, r.To.Line, r.To.Col))
			}
			if got := strings.Join(got, " "); got != test.want {
				t.Errorf("found at %q, want %q", got, test.want)
			}
		})
	}
}

func TestFindInPieces(t *testing.T) {
	s := New(20, 5)
	_, _ = s.Write([]byte(strings.Repeat("aba", 70)))
	first, end := s.Lines()
	q := NewQuery("abaab", false)
	whole := s.Find(q, first, end, nil)
	var pieces []Range
	for n := first; n < end; n++ {
		pieces = s.Find(q, n, n+1, pieces)
	}
	if len(whole) < 30 || fmt.Sprint(whole) != fmt.Sprint(pieces) {
		t.Errorf("found at once: %v; line by line: %v; want the same, at least 30", whole, pieces)
	}
}

func BenchmarkFind(b *testing.B) {
	s := New(120, 40)
	for i := range MaxHistory {
		_, _ = fmt.Fprintf(s, "%06d the quick brown \x1b[31mfox\x1b[m jumps over the lazy dog and runs away into the forest\r\n", i)
	}
	first, end := s.Lines()
	q := NewQuery("Forests", false)
	for b.Loop() {
		s.Find(q, first, end, nil)
	}
}

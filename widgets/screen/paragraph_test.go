package screen

import (
	"strings"
	"testing"
)

func TestLinkAt(t *testing.T) {
	for _, test := range []struct {
		name, write string
		at          Pos
		want        string
		from, to    Pos
	}{
		{"in a sentence", "see https://a.example/x.", Pos{0, 10}, "https://a.example/x", Pos{0, 4}, Pos{1, 3}},
		{"on its second row", "see https://a.example/x.", Pos{1, 1}, "https://a.example/x", Pos{0, 4}, Pos{1, 3}},
		{"its first cell", "see http://a.b", Pos{0, 4}, "http://a.b", Pos{0, 4}, Pos{0, 14}},
		{"the cell before", "see http://a.b", Pos{0, 3}, "", Pos{}, Pos{}},
		{"the dot after", "see http://a.b.", Pos{0, 14}, "", Pos{}, Pos{}},
		{"beyond the text", "http://a.b", Pos{0, 15}, "", Pos{}, Pos{}},
		{"another line", "http://a.b\r\nx", Pos{1, 0}, "", Pos{}, Pos{}},
		{"in brackets", "(http://a.b/(c))", Pos{0, 5}, "http://a.b/(c)", Pos{0, 1}, Pos{0, 15}},
		{"the second of two", "http://a http://b", Pos{0, 10}, "http://b", Pos{0, 9}, Pos{0, 17}},
		{"after wide ones", "界界 http://a", Pos{0, 6}, "http://a", Pos{0, 5}, Pos{0, 13}},
		{"no web page", "file:///etc ftp://a", Pos{0, 3}, "", Pos{}, Pos{}},
		{"a script", "javascript:alert(1)", Pos{0, 3}, "", Pos{}, Pos{}},
		{"no host", "http:///etc/x", Pos{0, 3}, "", Pos{}, Pos{}},
		{"text turned round", "http://a/\u202ex", Pos{0, 3}, "http://a/x", Pos{0, 0}, Pos{0, 10}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := New(20, 5)
			_, _ = s.Write([]byte(test.write))
			u, r := s.LinkAt(test.at)
			got := ""
			if u != nil {
				got = u.String()
			}
			if got != test.want || r != (Range{test.from, test.to}) {
				t.Errorf("got %q at %v, want %q from %v to %v", got, r, test.want, test.from, test.to)
			}
		})
	}
}

func TestParagraph(t *testing.T) {
	s := New(20, 5)
	_, _ = s.Write([]byte("one\r\n" + strings.Repeat("x", 70) + "\r\nlast\r\n\n\n\n"))
	first, end := s.Lines()
	if end-first < 8 || first != 0 {
		t.Fatalf("got lines %d to %d, want at least 8 from 0 on", first, end)
	}
	for n, want := range []Range{
		{Pos{Line: 0}, Pos{Line: 1}},
		{Pos{Line: 1}, Pos{Line: 5}},
		{Pos{Line: 1}, Pos{Line: 5}},
		{Pos{Line: 1}, Pos{Line: 5}},
		{Pos{Line: 1}, Pos{Line: 5}},
		{Pos{Line: 5}, Pos{Line: 6}},
	} {
		if got := s.Paragraph(int64(n)); got != want {
			t.Errorf("Paragraph(%d) = %v, want %v", n, got, want)
		}
	}
}

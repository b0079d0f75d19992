package cli

import (
	"strings"
	"testing"
	"unicode"
)

func TestSanitizer(t *testing.T) {
	for in, want := range map[string]string{
		"plain\r\ntext\tand\n":               "plain\ntext\tand\n",
		"\x1b[31mred\x1b[0m":                 "red",
		"\x1b]0;title\abody":                 "body",
		"\x1b]52;c;YWJj\x1b\\body":           "body",
		"\x1bP1$rq\x1b\\body":                "body",
		"\x1b(Bascii":                        "ascii",
		"a\x1b[2Jb\x1b[10;10Hc":              "abc",
		"\x1b[38;5;1":                        "",
		"\x1b[31\x18canceled":                "canceled",
		"\u009b31mC1":                        "C1",
		"\u009d0;title\u009cC1":              "C1",
		"a\u202eb":                           "a?b",
		"a\x05b":                             "a?b",
		"grüße 漢字 \U0001f600":                "grüße 漢字 \U0001f600",
		"bad \xff utf-8":                     "bad ? utf-8",
		"\x1b[\x1b[31mnested":                "nested",
		"\x1b]0;never ended [31m and \nmore": "",
	} {
		var whole, parts strings.Builder
		_, _ = (&sanitizer{to: &whole}).Write([]byte(in))
		h := &sanitizer{to: &parts}
		for i := range len(in) {
			_, _ = h.Write([]byte{in[i]})
		}
		if whole.String() != want || parts.String() != want {
			t.Errorf("%q: got %q, byte by byte %q, want %q", in, whole.String(), parts.String(), want)
		}
	}
}

func FuzzSanitizer(f *testing.F) {
	f.Add([]byte("\x1b[31mred\x1b]0;x\a\r\n"), 3)
	f.Fuzz(func(t *testing.T, in []byte, cut int) {
		if len(in) == 0 {
			return
		}
		cut = min(max(cut, 0), len(in))
		var out strings.Builder
		h := &sanitizer{to: &out}
		_, _ = h.Write(in[:cut])
		_, _ = h.Write(in[cut:])
		for _, r := range out.String() {
			if unicode.IsControl(r) && r != '\n' && r != '\t' || r == '\u202e' {
				t.Fatalf("%q: got unsafe character %q in the output", in, r)
			}
		}
	})
}

func TestLastLines(t *testing.T) {
	for _, c := range []struct {
		text string
		n    int
		want string
	}{
		{"a\nb\nc\n", 0, "a\nb\nc\n"},
		{"a\nb\nc\n", 1, "c\n"},
		{"a\nb\nc", 2, "b\nc"},
		{"a\nb\nc\n", 9, "a\nb\nc\n"},
		{"", 3, ""},
		{"\n\n\n", 2, "\n\n"},
	} {
		if got := string(lastLines([]byte(c.text), c.n)); got != c.want {
			t.Errorf("%q, %d: got %q, want %q", c.text, c.n, got, c.want)
		}
	}
}

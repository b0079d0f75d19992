package console

import (
	"io"
	"strings"
	"testing"
)

func TestReplayAsksNothing(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"root@dev:~# \x1b[6n", "root@dev:~# "},
		{"\x1b[5n\x1b[?6n\x1b[c\x1b[0c\x1b[>c\x1b[=c\x1bZ\x05x", "x"},
		{"\x1b[?2026$p\x1b[4$px", "x"},
		{"\x1b[18t\x1b[14tx", "x"},
		{"\x1b[>0q\x1b[?ux", "x"},
		{"\x1bP+q544e\x1b\\\x1bP$qm\x1b\\x", "x"},
		{"\x1b]11;?\x07\x1b]4;1;?\x1b\\x", "x"},
		{"\x1b[1;32mgreen\x1b[0m \x1b[2J\x1b[H\x1b[10;20H\x1b[?1049h\x1b]0;title\x07", "\x1b[1;32mgreen\x1b[0m \x1b[2J\x1b[H\x1b[10;20H\x1b[?1049h\x1b]0;title\x07"},
		{"plain [6n text $p", "plain [6n text $p"},
	} {
		if got := string(removeQueries([]byte(c.text))); got != c.want {
			t.Errorf("removeQueries(%q) = %q, want %q", c.text, got, c.want)
		}
	}
}

// A new terminal must not answer earlier queries, but must answer later ones.
func TestOnlyLiveQueriesReachAnAttachment(t *testing.T) {
	c := New(nil)
	guest := serve(t, c)
	first := c.Attach(-1)
	send := func(text string) {
		t.Helper()
		if _, err := io.WriteString(guest, text); err != nil {
			t.Fatal(err)
		}
		buf := make([]byte, 100)
		if n, err := first.Read(t.Context(), buf); err != nil || string(buf[:n]) != text {
			t.Fatalf("live: got %q, %v; want %v", buf[:n], err, text)
		}
	}
	send("before\x1b[6n")
	second := c.Attach(-1)
	send("after\x1b[6n")
	guest.Close()
	c.Close()
	if got := string(readAll(t, second)); got != "beforeafter\x1b[6n" {
		t.Errorf("the second attachment reads %q, want %q", got, "beforeafter\x1b[6n")
	}
}

func BenchmarkReplayOfColouredText(b *testing.B) {
	line := "\x1b[1;32mgreen\x1b[0m and \x1b[38;5;120mothers\x1b[m in a line of about eighty characters\r\n"
	text := []byte(strings.Repeat(line, RingSize/len(line)))
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		removeQueries(text)
	}
}

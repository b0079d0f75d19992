package endtoend

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// hostile is what made terminals hang, crash, eat memory, or reach for what is
// not theirs.
var hostile = []string{
	strings.Repeat("x", 81) + "\t\t\tx", "ls\t" + strings.Repeat("y", 77) + "\t",
	"\x1b[h\x1b[l\x1b[?h\x1b[?l",
	"\x1b[999C\x1b[P\x1b[@\x1b[9999P\x1b[9999@\x1b[9999X",
	"\x1b[5;2r\x1bM\x1b[0;0r\x1bM\x1b[9999;1r\x1bM\x1b[24;24r\x1bM\x1b[r",
	"\x1b]7;file://%zz\a\x1b]7;\a\x1b]7\a\x1b]7;file:///etc\x1b\\\x1b]7;file://localhost/usr\a",
	"\x1b]52;c;c3RvbGVu\a\x1b]52;p;c3RvbGVu\a\x1b]52;c;?\a",
	"\x1b]0;stolen\a\x1b]2;stolen\x1b\\\x1b]1;stolen\a\x1b[21t\x1b[9;1t\x1b[2t\x1b[8;1;1t",
	"\x1b[9999999999999999999@\x1b[9223372036854775807X\x1b[50000000X",
	"a\x1b[100000000b", "\x1b[2147483647I\x1b[2147483647Z",
	"\x1b[99999999S\x1b[99999999T\x1b[99999999L\x1b[99999999M",
	"\x1b[99999999A\x1b[99999999B\x1b[99999999C\x1b[99999999D\x1b[99999999;99999999H",
	"\x1b]0;" + strings.Repeat("a", 64<<10), "\x18",
	"\x1b[" + strings.Repeat("1;", 8<<10) + "m",
	"e" + strings.Repeat("\u0301", 10000),
	strings.Repeat("\x1b[6n\x1b[c\x1b[5n\x1b[18t\x1b[?2004$p", 300),
	strings.Repeat("\xe2\x82\xf0\x9f\xc3(\xa0\xff\xfe\x80", 300),
	strings.Repeat("\x1b[?1049h\x1b[?47l\x1b[?1047h\x1b[?1049l\x1b8", 300),
	"\x1b[1;80H界\x1b[?7l\x1b[1;80H界界\x1b[1;79H界\x1b[D\x1b[P\x1b[@x\x1b[?7h",
	"\x1bP" + strings.Repeat("q", 16<<10) + "\x1b\\" + strings.Repeat("\x1bc\x1b[!p\x1b#8", 100),
}

// noise is that many bytes at random.
func noise(n int) string {
	b := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{7}).Read(b)
	return string(b)
}

// TestHostileConsoleInTheWindow has a guest say on its console what breaks
// terminals, and then more than anybody reads, to the real window: it lives, and
// its folder, its title, the clipboard and its memory are not the guest's.
func TestHostileConsoleInTheWindow(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	s.do("vm", "create", "default", "--memory", "160", "--cpus", "1", "--disk-size", "512")
	s.do("run", "--detach")
	s.answering("default")
	d := newDisplay(t)
	d.copyText("mine")
	p := d.open(s)
	d.awaitButton("the VM is on the window", primary, head)
	d.typed(s, "before")
	d.keep("before")
	folder, title := p.folder(), p.title()

	worst := d.folds()
	t.Logf("with an idle console the window answers a key after %v", took(time.Now().Add(-worst)))
	for i, text := range append(hostile, noise(64<<10)) {
		saysOnConsole(t, s, text)
		if p.gone() {
			t.Fatalf("the window ended at %.40q: %s", text, p.said())
		}
		if i%8 == 0 {
			worst = max(worst, d.folds())
		}
	}
	saysOnConsole(t, s, "\x18\x1b\\\x1bc") // what has begun ends
	d.typed(s, "after")
	d.keep("after-the-corpus")
	saysOnConsole(t, s, strings.Repeat(floodLine+"\n", 12000)) // as many as are kept
	warm := p.resident()

	worst = max(worst, floods(t, s, d))
	d.typed(s, "after-the-flood")
	d.keep("after-the-flood")
	now := p.resident()
	t.Logf("the window had %d MB before the flood and has %d MB after it; it answered a key after %v at most", warm, now, worst)
	if now > warm+200 { // the race detector's and the collector's slack
		t.Errorf("a flood took %d MB of memory", now-warm)
	}
	if worst > slow {
		t.Errorf("the window did not answer for %v", worst)
	}
	if got := p.folder(); got != folder {
		t.Errorf("the guest moved the window from %s to %s", folder, got)
	}
	if got := p.title(); got != title {
		t.Errorf("the guest made the window's title %q", got)
	}
	if got := d.copied(); got != "mine" {
		t.Errorf("the guest put %q onto the clipboard", got)
	}
}

// slow is how long a window may take, with the race detector, a picture of the
// whole display, and a machine that has much else to do.
const slow = 20 * time.Second

const floodLine = "the quick brown fox \x1b[31mjumps\x1b[m"

// floods has the guest say 50 MB, or as much as there is time for, and returns
// the longest that the window took to answer meanwhile.
func floods(t *testing.T, s *store, d *display) (worst time.Duration) {
	t.Helper()
	megabytes := 1
	if thorough {
		megabytes = 50
	}
	flood := s.command("exec", "--", "sh", "-c", fmt.Sprintf("yes '%s' | head -c %d >/dev/console", floodLine, megabytes<<20))
	if err := flood.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- flood.Wait() }()
	for looks := 0; ; looks++ {
		select {
		case err := <-done:
			if err != nil || looks == 0 {
				t.Fatalf("the flood: %v, with %d looks at the window meanwhile", err, looks)
			}
			return worst
		default:
			worst = max(worst, d.folds())
		}
	}
}

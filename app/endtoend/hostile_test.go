package endtoend

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// hostile contains output that has made terminals hang, crash, use up memory, or access things
// they must not.
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

// noise returns n random bytes.
func noise(n int) string {
	b := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{7}).Read(b)
	return string(b)
}

// TestHostileConsoleInTheWindow sends hostile output and then a flood to the real window. It
// checks that the window stays responsive, and that its current folder, title, clipboard and
// memory are unaffected.
func TestHostileConsoleInTheWindow(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	s.mustRun("vm", "create", "default", "--memory", "160", "--cpus", "1", "--disk-size", "512")
	s.mustRun("run", "--detach")
	s.waitForAgent("default")
	d := newDisplay(t)
	d.setClipboard("mine")
	p := d.open(s)
	d.waitButton("the window shows the VM", primary, headerArea)
	d.typeUntilReceived(s, "before")
	d.savePicture("before")
	folder, title := p.folder(), p.windowTitle()

	worst := d.measureResponse()
	t.Logf("with an idle console the window responds to a key after %v", roundedSince(time.Now().Add(-worst)))
	for i, text := range append(hostile, noise(64<<10)) {
		writeToConsole(t, s, text)
		if p.hasExited() {
			t.Fatalf("the window exited after %.40q: %s", text, p.output())
		}
		if i%8 == 0 {
			worst = max(worst, d.measureResponse())
		}
	}
	writeToConsole(t, s, "\x18\x1b\\\x1bc") // end unfinished sequences
	d.typeUntilReceived(s, "after")
	d.savePicture("after-the-corpus")
	writeToConsole(t, s, strings.Repeat(floodLine+"\n", 12000)) // fill the scrollback
	before := p.residentMB()

	worst = max(worst, floodConsole(t, s, d))
	d.typeUntilReceived(s, "after-the-flood")
	d.savePicture("after-the-flood")
	now := p.residentMB()
	t.Logf("the window had %d MB before the flood and has %d MB after it; it responded to a key within %v", before, now, worst)
	if now > before+200 { // allowance for the race detector and the garbage collector
		t.Errorf("memory growth during the flood: got %d MB, want at most 200", now-before)
	}
	if worst > responseLimit {
		t.Errorf("response time: got %v, want at most %v", worst, responseLimit)
	}
	if got := p.folder(); got != folder {
		t.Errorf("current folder: got %s, want %s", got, folder)
	}
	if got := p.windowTitle(); got != title {
		t.Errorf("window title: got %q, want %q", got, title)
	}
	if got := d.clipboard(); got != "mine" {
		t.Errorf("clipboard: got %q, want \"mine\"", got)
	}
}

// responseLimit bounds the window's response time. It allows for the race detector, pictures of
// the whole display and a busy machine.
const responseLimit = 3 * time.Minute

const floodLine = "the quick brown fox \x1b[31mjumps\x1b[m"

// floodConsole makes the guest print 1 MB, or 50 MB in 'make torture', and returns the longest
// response time of the window.
func floodConsole(t *testing.T, s *store, d *display) (worst time.Duration) {
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
	for measured := 0; ; measured++ {
		select {
		case err := <-done:
			if err != nil || measured == 0 {
				t.Fatalf("flood: got error %v and %d measurements of the window, want nil and at least 1", err, measured)
			}
			return worst
		default:
			worst = max(worst, d.measureResponse())
		}
	}
}

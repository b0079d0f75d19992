package cli

import (
	"io"
	"strings"
	"testing"

	"github.com/creack/pty"

	"vmterminal/app"
	"vmterminal/vm/home"
)

// runOnTerminal runs a command on a terminal and returns its output.
func runOnTerminal(t *testing.T, args ...string) string {
	t.Helper()
	screen, out, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer screen.Close()
	shown := make(chan string)
	go func() {
		text, _ := io.ReadAll(screen) // fails when the terminal is closed
		shown <- string(text)
	}()
	svc := app.New(app.Options{Home: home.Dir(t.TempDir())})
	Run(svc, args, Streams{In: strings.NewReader(""), Out: out, Err: out})
	out.Close()
	return <-shown
}

func TestColorsOnTerminal(t *testing.T) {
	t.Setenv("TERM", "xterm-256color")
	t.Setenv("NO_COLOR", "")
	for _, args := range [][]string{{"doctor"}, {"vm", "show", "nobody"}} {
		if text := runOnTerminal(t, args...); !strings.Contains(text, "\x1b[3") {
			t.Errorf("output of %v: got no colors in %q", args, text)
		}
	}
	for name, value := range map[string]string{"NO_COLOR": "1", "TERM": "dumb"} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(name, value)
			for _, args := range [][]string{{"doctor"}, {"vm", "show", "nobody"}} {
				if text := runOnTerminal(t, args...); strings.Contains(text, "\x1b[") {
					t.Errorf("output of %v: got colors in %q", args, text)
				}
			}
		})
	}
}

func TestNoColorsInPipe(t *testing.T) {
	var out strings.Builder
	if got := colorize(&out, red, "x"); got != "x" {
		t.Errorf("pipe: got %q, want no colors", got)
	}
}

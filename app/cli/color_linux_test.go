package cli

import (
	"io"
	"strings"
	"testing"

	"github.com/creack/pty"

	"vmterminal/app"
	"vmterminal/app/ondisk"
)

// onTerminal returns what a command writes to a terminal that is its output.
func onTerminal(t *testing.T, args ...string) string {
	t.Helper()
	screen, out, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer screen.Close()
	shown := make(chan string)
	go func() {
		text, _ := io.ReadAll(screen) // ends with an error when nobody writes any more
		shown <- string(text)
	}()
	svc := app.New(app.Options{Home: ondisk.Home(t.TempDir())})
	Run(svc, args, Streams{In: strings.NewReader(""), Out: out, Err: out})
	out.Close()
	return <-shown
}

func TestColorsOnlyWhereTheyAreWanted(t *testing.T) {
	t.Setenv("TERM", "xterm-256color")
	t.Setenv("NO_COLOR", "")
	for _, args := range [][]string{{"doctor"}, {"vm", "show", "nobody"}} {
		if text := onTerminal(t, args...); !strings.Contains(text, "\x1b[3") {
			t.Errorf("%v has no colours: %q", args, text)
		}
	}
	for name, value := range map[string]string{"NO_COLOR": "1", "TERM": "dumb"} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(name, value)
			for _, args := range [][]string{{"doctor"}, {"vm", "show", "nobody"}} {
				if text := onTerminal(t, args...); strings.Contains(text, "\x1b[") {
					t.Errorf("%v has colours: %q", args, text)
				}
			}
		})
	}
}

func TestColorsAreNotForPipes(t *testing.T) {
	var out strings.Builder
	if got := tint(&out, red, "x"); got != "x" {
		t.Errorf("a pipe gets %q", got)
	}
}

package cli

import (
	"bytes"
	"strings"
	"testing"

	"vmterminal/app"
)

func TestStatusWithoutExitTime(t *testing.T) {
	var out bytes.Buffer
	r := &runner{printer: &printer{io: Streams{Out: &out}}}
	printStatus(r.printer, app.VM{State: app.Stopped, ExitReason: app.ExitReason{Text: "the power failed"}})
	if want := "  Last exit: at an unknown time, the power failed\n"; !strings.Contains(out.String(), want) {
		t.Errorf("got %q, want %q in it", out.String(), want)
	}
}

package supervisor

import (
	"os/exec"
	"testing"

	"vmterminal/vm/supervisor/client"
)

func TestCrashReason(t *testing.T) {
	for script, want := range map[string]client.ExitReason{
		"exit 7":        {Code: client.ExitQEMUCrashed, ExitStatus: 7, Detail: "last"},
		"kill -KILL $$": {Code: client.ExitQEMUCrashed, Signal: "killed", Detail: "last"},
	} {
		cmd := exec.CommandContext(t.Context(), "/bin/sh", "-c", script)
		_ = cmd.Run() // the script fails on purpose
		if got := crashReason(cmd.ProcessState, "last"); got != want {
			t.Errorf("%s: got %+v, want %+v", script, got, want)
		}
	}
}

func TestPauseCode(t *testing.T) {
	for _, c := range []struct {
		status                string
		noSpace, sourceFailed bool
		want                  client.PauseCode
	}{
		{"io-error", true, true, client.PauseDiskFull},
		{"io-error", false, false, client.PauseDiskError},
		{"io-error", false, true, client.PauseSourceFailed},
		{"internal-error", false, false, client.PauseAcceleratorFailed},
		{"guest-panicked", false, false, client.PauseGuestPanicked},
		{"paused", false, false, ""},
		{"paused", true, true, ""},
	} {
		if got := pauseCode(c.status, c.noSpace, c.sourceFailed); got != c.want {
			t.Errorf("pauseCode(%s, %v, %v) = %q, want %q", c.status, c.noSpace, c.sourceFailed, got, c.want)
		}
	}
}

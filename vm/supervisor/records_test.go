package supervisor

import (
	"errors"
	"os"
	"strings"
	"testing"

	"vmterminal/snapshot/durable"
	"vmterminal/vm/supervisor/client"
)

func TestProcessID(t *testing.T) {
	self, err := client.ProcessIDOf(os.Getpid())
	if err != nil || !self.IsAlive() {
		t.Fatalf("processIDOf(this process): got %+v, %v; want a live process", self, err)
	}
	for _, p := range []client.ProcessID{{}, {PID: self.PID, Started: self.Started + 1}, {PID: -1}, {PID: 1 << 30}} {
		if p.IsAlive() {
			t.Errorf("process %+v is reported to be alive", p)
		}
		if err := signalProcess(p, 0); err == nil {
			t.Errorf("process %+v received a signal", p)
		}
	}
}

func TestLastOutputLine(t *testing.T) {
	for output, want := range map[string]string{
		"": "", "\n\n": "",
		"qemu-system-x86_64: no such file\n":         "no such file",
		"first\n/usr/bin/qemu-system-x86_64: a: b\n": "a: b",
		"just words":             "just words",
		strings.Repeat("x", 1e4): strings.Repeat("x", 500),
	} {
		if got := lastOutputLine(output); got != want {
			t.Errorf("lastOutputLine(%.20q) = %.40q, want %.40q", output, got, want)
		}
	}
}

func FuzzReport(f *testing.F) {
	f.Add([]byte(`{"ok":true}`))
	f.Add([]byte(`{"error":{"code":"locked","message":"m","holder":{"pid":1}}}`))
	f.Add([]byte(`{"error":{}}`))
	f.Fuzz(func(_ *testing.T, data []byte) {
		ended := make(chan error, 1)
		ended <- nil
		if err := readReport(data, ended); err != nil {
			_ = err.Error()
			_ = errors.Is(err, durable.ErrLocked)
		}
	})
}

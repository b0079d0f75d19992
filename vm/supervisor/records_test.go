package supervisor

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vmterminal/snapshot/durable"
	"vmterminal/vm/home"
)

func TestProcessID(t *testing.T) {
	self, err := processIDOf(os.Getpid())
	if err != nil || !self.isAlive() {
		t.Fatalf("processIDOf(this process): got %+v, %v; want a live process", self, err)
	}
	for _, p := range []processID{{}, {PID: self.PID, Started: self.Started + 1}, {PID: -1}, {PID: 1 << 30}} {
		if p.isAlive() {
			t.Errorf("process %+v is reported to be alive", p)
		}
		if err := signalProcess(p, 0); err == nil {
			t.Errorf("process %+v received a signal", p)
		}
	}
}

func TestReadLast(t *testing.T) {
	dir := home.VMDir(t.TempDir())
	if _, err := ReadLast(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("a VM that never ran: got error %v, want error %v", err, fs.ErrNotExist)
	}
	since := time.Now().UTC()
	want := Last{Version: recordVersion, Since: since, ExitedAt: since.Add(time.Minute), ExitReason: ExitReason{Code: ExitStopped}, Orderly: true}
	write := func(path string, v any) {
		t.Helper()
		if err := durable.ReplaceJSON(path, v); err != nil {
			t.Fatal(err)
		}
	}
	write(dir.LastExit(), want)
	write(dir.Supervisor(), runRecord{Since: since}) // left over from the same run
	if got, err := ReadLast(dir); err != nil || got != want {
		t.Fatalf("ReadLast: got %+v, %v; want %v", got, err, want)
	}
	write(dir.Supervisor(), runRecord{Since: since.Add(time.Hour)})
	if got, err := ReadLast(dir); err != nil || got.ExitReason.Code != ExitUnrecorded || !got.ExitedAt.IsZero() {
		t.Fatalf("a run without a record: got %+v, %v; want ExitUnrecorded without ExitedAt", got, err)
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

func FuzzRecords(f *testing.F) {
	f.Add([]byte(`{"version":1,"how":"x","left":"2026-01-02T03:04:05Z"}`))
	f.Add([]byte(`{"version":1,"exit_reason":{"code":"qemu_crashed","signal":"killed"},"replaced_disk":{"code":"saved"}}`))
	f.Add([]byte(`{"qemu":{"pid":-1,"started":99999999999999999999}}`))
	f.Add([]byte("[[[["))
	f.Fuzz(func(t *testing.T, data []byte) {
		dir := home.VMDir(t.TempDir())
		for _, path := range []string{dir.LastExit(), dir.Supervisor(), filepath.Join(string(dir), "console.log")} {
			if err := os.WriteFile(path, data, durable.FileMode); err != nil {
				t.Fatal(err)
			}
		}
		_, _ = ReadLast(dir)
		if _, err := findOrphan(dir); !errors.Is(err, ErrNotRunning) {
			t.Fatalf("a VM without a lock: got error %v, want error %v", err, ErrNotRunning)
		}
		if text, err := LastConsole(dir, len(data)); err != nil || string(text) != string(data) {
			t.Fatalf("LastConsole: got %q, %v; want %v", text, err, string(data))
		}
	})
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

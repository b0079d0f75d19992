package host

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vmterminal/app/ondisk"
)

func TestProcessIsNamedByPidAndStart(t *testing.T) {
	self, err := identify(os.Getpid())
	if err != nil || !self.alive() {
		t.Fatalf("%+v, %v", self, err)
	}
	for _, p := range []processID{{}, {PID: self.PID, Started: self.Started + 1}, {PID: -1}, {PID: 1 << 30}} {
		if p.alive() {
			t.Errorf("%+v is alive", p)
		}
		if err := signalProcess(p, 0); err == nil {
			t.Errorf("%+v took a signal", p)
		}
	}
}

func TestReadLast(t *testing.T) {
	dir := ondisk.VMDir(t.TempDir())
	if _, err := ReadLast(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("a VM that never ran: %v", err)
	}
	since := time.Now().UTC()
	want := Last{Version: recordVersion, Since: since, Left: since.Add(time.Minute), How: "stopped on request", Orderly: true}
	write := func(path string, v any) {
		t.Helper()
		if err := ondisk.ReplaceJSON(path, v); err != nil {
			t.Fatal(err)
		}
	}
	write(dir.Last(), want)
	write(dir.Host(), hostRecord{Since: since}) // not removed in time, of the same run
	if got, err := ReadLast(dir); err != nil || got != want {
		t.Fatalf("%+v, %v", got, err)
	}
	write(dir.Host(), hostRecord{Since: since.Add(time.Hour)})
	if how, when := LastLeft(dir); how != unrecorded || !when.IsZero() {
		t.Fatalf("%q, %v", how, when)
	}
}

func TestLastLine(t *testing.T) {
	for said, want := range map[string]string{
		"": "", "\n\n": "",
		"qemu-system-x86_64: no such file\n":         "no such file",
		"first\n/usr/bin/qemu-system-x86_64: a: b\n": "a: b",
		"just words":             "just words",
		strings.Repeat("x", 1e4): strings.Repeat("x", 500),
	} {
		if got := lastLine(said); got != want {
			t.Errorf("%.20q: got %.40q, want %.40q", said, got, want)
		}
	}
}

func FuzzRecords(f *testing.F) {
	f.Add([]byte(`{"version":1,"how":"x","left":"2026-01-02T03:04:05Z"}`))
	f.Add([]byte(`{"qemu":{"pid":-1,"started":99999999999999999999}}`))
	f.Add([]byte("[[[["))
	f.Fuzz(func(t *testing.T, data []byte) {
		dir := ondisk.VMDir(t.TempDir())
		for _, path := range []string{dir.Last(), dir.Host(), filepath.Join(string(dir), "console.log")} {
			if err := os.WriteFile(path, data, ondisk.FileMode); err != nil {
				t.Fatal(err)
			}
		}
		_, _ = ReadLast(dir)
		if _, err := findOrphan(dir); !errors.Is(err, ErrNotRunning) {
			t.Fatalf("a VM without a lock: %v", err)
		}
		if text, err := LastConsole(dir, len(data)); err != nil || string(text) != string(data) {
			t.Fatalf("%q, %v", text, err)
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
			_ = errors.Is(err, ondisk.ErrLocked)
		}
	})
}

package client

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"vmterminal/snapshot/durable"
	"vmterminal/vm/home"
)

func TestReadLast(t *testing.T) {
	dir := home.VMDir(t.TempDir())
	if _, err := ReadLast(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("a VM that never ran: got error %v, want error %v", err, fs.ErrNotExist)
	}
	since := time.Now().UTC()
	want := Last{Version: RecordVersion, Since: since, ExitedAt: since.Add(time.Minute), ExitReason: ExitReason{Code: ExitStopped}, Orderly: true}
	write := func(path string, v any) {
		t.Helper()
		if err := durable.ReplaceJSON(path, v); err != nil {
			t.Fatal(err)
		}
	}
	write(dir.LastExit(), want)
	write(dir.Supervisor(), RunRecord{Since: since}) // left over from the same run
	if got, err := ReadLast(dir); err != nil || got != want {
		t.Fatalf("ReadLast: got %+v, %v; want %v", got, err, want)
	}
	write(dir.Supervisor(), RunRecord{Since: since.Add(time.Hour)})
	if got, err := ReadLast(dir); err != nil || got.ExitReason.Code != ExitUnrecorded || !got.ExitedAt.IsZero() {
		t.Fatalf("a run without a record: got %+v, %v; want ExitUnrecorded without ExitedAt", got, err)
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
		if _, err := FindOrphan(dir); !errors.Is(err, ErrNotRunning) {
			t.Fatalf("a VM without a lock: got error %v, want error %v", err, ErrNotRunning)
		}
		if text, err := LastConsole(dir, len(data)); err != nil || string(text) != string(data) {
			t.Fatalf("LastConsole: got %q, %v; want %v", text, err, string(data))
		}
	})
}

package app

import (
	"bytes"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vmterminal/app/ondisk"
	"vmterminal/snapshot"
	"vmterminal/vm"
)

// withDisk is a Service of one stopped VM with a disk of that content.
func withDisk(t *testing.T, disk []byte) *Service {
	t.Helper()
	s := New(Options{Home: ondisk.Home(t.TempDir())})
	err := s.vms.Create(vm.Defaults("dev"), vm.Fill(func(f *os.File) error {
		_, err := f.Write(disk)
		return err
	}))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// taken takes a snapshot and returns its file.
func taken(t *testing.T, s *Service, name string) string {
	t.Helper()
	job, err := s.CreateSnapshot(t.Context(), "dev", NewSnapshot{Name: name})
	if err == nil {
		err = job.Wait(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	return ondisk.SnapshotFile(s.vms.Dir("dev").Snapshots(), name)
}

// TestImportFromAnAddress has servers that say of a gzip file that it is only
// sent as one, that do not say how long it is, that send only a part, that have
// nothing.
func TestImportFromAnAddress(t *testing.T) {
	s := withDisk(t, bytes.Repeat([]byte("disk"), 1<<18))
	whole, err := os.ReadFile(taken(t, s, "a"))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		serve http.HandlerFunc
		exit  int
	}{
		"plainly": {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(whole) }, ExitOK},
		"encoded": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(whole)
		}, ExitOK},
		"in-pieces": {func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write(whole[:6000])
			w.(http.Flusher).Flush()
			_, _ = w.Write(whole[6000:])
		}, ExitOK},
		"cut": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "99999999")
			_, _ = w.Write(whole)
		}, ExitDamaged},
		"cut-unsaid": {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(whole[:6000]) }, ExitDamaged},
		"nothing":    {http.NotFound, ExitFailure},
		"text":       {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(bytes.Repeat([]byte("<html>"), 99)) }, ExitDamaged},
	} {
		server := httptest.NewServer(c.serve)
		job, err := s.ImportSnapshot("dev", server.URL+"/a.raw.gz", name)
		if err == nil {
			err = job.Wait(t.Context())
		}
		server.Close()
		if (err == nil) != (c.exit == ExitOK) || err != nil && Explain(err).Exit != c.exit {
			t.Errorf("%s: %v", name, err)
		}
		if _, listErr := s.Snapshot(t.Context(), "dev", name); (listErr == nil) != (c.exit == ExitOK) {
			t.Errorf("%s: listed: %v", name, listErr)
		}
	}
	left, err := filepath.Glob(filepath.Join(s.vms.Dir("dev").Snapshots(), ".*"))
	if err != nil || len(left) != 0 {
		t.Errorf("left are %v, %v", left, err)
	}
}

// TestSizeIsSaidFirst has no job begin before a change of the disk's size is
// told.
func TestSizeIsSaidFirst(t *testing.T) {
	s := withDisk(t, make([]byte, 2<<20))
	file := taken(t, s, "a")
	if err := os.Truncate(s.vms.Dir("dev").Disk(), 3<<20); err != nil {
		t.Fatal(err)
	}
	var said []string
	job, err := s.RestoreSnapshot(t.Context(), "dev", "a", RestoreOptions{Say: func(line string) {
		if len(s.Jobs()) > 0 {
			t.Error("it has begun already")
		}
		said = append(said, line)
	}})
	if err == nil {
		err = job.Wait(t.Context())
	}
	if err != nil || len(said) != 1 || !strings.Contains(said[0], "3.00 MB now and will be 2.00 MB") {
		t.Errorf("%q, %v", said, err)
	}
	if r, _ := job.Result().(Restored); r.OldSize != 3<<20 || r.NewSize != 2<<20 {
		t.Errorf("%+v", r)
	}
	// A disk that cannot be restored is told of too; the hint is the error's.
	if err := os.Truncate(file, 5000); err != nil {
		t.Fatal(err)
	}
	if job, err = s.RestoreSnapshot(t.Context(), "dev", "a", RestoreOptions{}); err == nil {
		err = job.Wait(t.Context())
	}
	if !errors.Is(err, snapshot.ErrDamaged) || BadChunk(err) != nil {
		t.Errorf("%v", err)
	}
}

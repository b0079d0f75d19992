package app

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"vmterminal/app/job"
	"vmterminal/app/problem"
	"vmterminal/snapshot"
	"vmterminal/vm"
	"vmterminal/vm/home"
)

// serviceWithDisk returns a Service with the stopped VM dev, whose disk has the given contents.
func serviceWithDisk(t *testing.T, disk []byte) *Service {
	t.Helper()
	s := New(Options{Home: home.Dir(t.TempDir())})
	err := s.vms.Create(vm.Defaults("dev"), vm.FillDisk(func(f *os.File) error {
		_, err := f.Write(disk)
		return err
	}))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// waitJob waits for a job and returns its error, or err if the job was not started.
func waitJob[T any](j *job.Job[T], err error) error {
	if err == nil {
		err = j.Wait(context.Background())
	}
	return err
}

// takeSnapshot takes a snapshot of dev and returns its file.
func takeSnapshot(t *testing.T, s *Service, name string) string {
	t.Helper()
	job, err := s.CreateSnapshot(t.Context(), "dev", NewSnapshot{Name: name})
	if err == nil {
		err = job.Wait(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	return snapshot.File(s.vms.Dir("dev").Snapshots(), name)
}

// Some servers declare gzip as the content encoding, omit the length, or send only a part of
// the file.
func TestImportFromURL(t *testing.T) {
	s := serviceWithDisk(t, bytes.Repeat([]byte("disk"), 1<<18))
	whole, err := os.ReadFile(takeSnapshot(t, s, "a"))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		serve http.HandlerFunc
		exit  int
	}{
		"plainly": {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(whole) }, problem.ExitOK},
		"encoded": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(whole)
		}, problem.ExitOK},
		"in-pieces": {func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write(whole[:6000])
			w.(http.Flusher).Flush()
			_, _ = w.Write(whole[6000:])
		}, problem.ExitOK},
		"cut": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "99999999")
			_, _ = w.Write(whole)
		}, problem.ExitDamaged},
		"cut-unsaid": {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(whole[:6000]) }, problem.ExitDamaged},
		"nothing":    {http.NotFound, problem.ExitFailure},
		"text":       {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(bytes.Repeat([]byte("<html>"), 99)) }, problem.ExitDamaged},
	} {
		server := httptest.NewServer(c.serve)
		job, err := s.ImportSnapshot("dev", server.URL+"/a.raw.gz", name)
		if err == nil {
			err = job.Wait(t.Context())
		}
		server.Close()
		if (err == nil) != (c.exit == problem.ExitOK) || err != nil && Explain(err).Exit != c.exit {
			t.Errorf("%s: got error %v with an unexpected exit code", name, err)
		}
		if _, listErr := s.Snapshot(t.Context(), "dev", name); (listErr == nil) != (c.exit == problem.ExitOK) {
			t.Errorf("%s: find the snapshot: got error %v, want one only if the import fails", name, listErr)
		}
	}
	left, err := filepath.Glob(filepath.Join(s.vms.Dir("dev").Snapshots(), ".*"))
	if err != nil || len(left) != 0 {
		t.Errorf("got remaining files %v, error %v, want none", left, err)
	}
}

// A change of the disk's size is reported before the job starts.
func TestRestoreWarnsOfSizeChange(t *testing.T) {
	s := serviceWithDisk(t, make([]byte, 2<<20))
	file := takeSnapshot(t, s, "a")
	if err := os.Truncate(s.vms.Dir("dev").Disk(), 3<<20); err != nil {
		t.Fatal(err)
	}
	var warnings []RestoreWarning
	job, err := s.RestoreSnapshot(t.Context(), "dev", "a", RestoreOptions{OnWarning: func(w RestoreWarning) {
		if len(s.Jobs()) > 0 {
			t.Error("the job was started before the warning")
		}
		warnings = append(warnings, w)
	}})
	if err == nil {
		err = job.Wait(t.Context())
	}
	if err != nil || !slices.Equal(warnings, []RestoreWarning{{Code: WarnSizeChanges, OldSize: 3 << 20, NewSize: 2 << 20}}) {
		t.Errorf("got warnings %+v, error %v, want one about the size", warnings, err)
	}
	if r := job.Result(); r.OldSize != 3<<20 || r.NewSize != 2<<20 {
		t.Errorf("got result %+v, want the old and the new size", r)
	}
	// A damaged snapshot is reported by the job.
	if err := os.Truncate(file, 5000); err != nil {
		t.Fatal(err)
	}
	if job, err = s.RestoreSnapshot(t.Context(), "dev", "a", RestoreOptions{}); err == nil {
		err = job.Wait(t.Context())
	}
	if !errors.Is(err, snapshot.ErrDamaged) || BadChunk(err) != nil {
		t.Errorf("got error %v, want ErrDamaged without a chunk number", err)
	}
}

package app

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"
)

func TestHistoryOutlivesTheProcess(t *testing.T) {
	s := withDisk(t, []byte("disk"))
	taken(t, s, "one")
	job, err := s.CreateSnapshot(t.Context(), "dev", NewSnapshot{Name: "one"})
	if err == nil {
		err = job.Wait(t.Context())
	}
	if err == nil {
		t.Fatal("a name was taken twice")
	}
	j := s.jobs.run(JobExport, "dev", "x\x1b[2Jy", func(ctx context.Context, _ Meter) (any, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	})
	j.Cancel()
	<-j.Done()
	list, err := New(s.opt).JobHistory(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	if len(list) < 2 {
		t.Fatalf("%+v", list)
	}
	if e := list[0]; e.Kind != JobExport || e.Outcome != JobCancelled || strings.ContainsRune(e.Subject, '\x1b') || e.VM != "dev" {
		t.Errorf("the newest: %+v", e)
	}
	last := list[len(list)-1]
	if last.Kind != JobSnapshot || last.Subject != "one" || last.Outcome != JobDone || last.Error != "" {
		t.Errorf("the oldest: %+v", last)
	}
	if one, err := s.JobHistory(t.Context(), 1); err != nil || len(one) != 1 || one[0] != list[0] {
		t.Errorf("at most one: %+v, %v", one, err)
	}
}

func TestHistoryTellsWhyJobsFailed(t *testing.T) {
	s := withDisk(t, []byte("disk"))
	j := s.jobs.run(JobVerify, "dev", "one", func(context.Context, Meter) (any, error) {
		return nil, failed(errors.New("chunk 7 is damaged"), "", "verify it")
	})
	<-j.Done()
	list, err := s.JobHistory(t.Context(), 0)
	if err != nil || len(list) != 1 || list[0].Outcome != JobFailed || !strings.Contains(list[0].Error, "chunk 7") {
		t.Errorf("%+v, %v", list, err)
	}
}

func TestHistoryPassesOverWhatNoJobWrote(t *testing.T) {
	s := withDisk(t, []byte("disk"))
	good := `{"ended":"2026-11-24T10:00:00Z","kind":"verify","vm":"dev","subject":"a","took_ms":-5,"outcome":"done"}`
	text := "torn {\n" + `{"ended":"2026-11-24T10:00:00Z","kind":"verify","outcome":"eaten"}` + "\n" + good + "\n" + strings.Repeat("x", 80<<10)
	if err := os.WriteFile(s.opt.Home.JobLog(), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	list, err := s.JobHistory(t.Context(), 0)
	want := EndedJob{Ended: time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC), Kind: JobVerify, VM: "dev", Subject: "a", Outcome: JobDone}
	if err != nil || len(list) != 1 || list[0] != want {
		t.Errorf("%+v, %v", list, err)
	}
}

func TestHistoryIsBounded(t *testing.T) {
	s := withDisk(t, []byte("disk"))
	line := []byte(`{"ended":"2026-11-24T10:00:00Z","kind":"verify","vm":"dev","subject":"` + strings.Repeat("s", 4000) + `","outcome":"done"}` + "\n")
	for range 3 * jobLogLimit / len(line) {
		if err := addLine(s.opt.Home, line); err != nil {
			t.Fatal(err)
		}
	}
	for _, path := range []string{s.opt.Home.JobLog(), s.opt.Home.JobLogOld()} {
		if info, err := os.Stat(path); err != nil || info.Size() > jobLogLimit+int64(len(line)) || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", path, info, err)
		}
	}
}

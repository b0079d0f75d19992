package app

import (
	"context"
	"fmt"
	"os"
	"reflect"
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
		return nil, failed(fmt.Errorf("chunk 7: %w", ErrRunning), unchanged, "verify snapshot '%s'", "100%s")
	})
	<-j.Done()
	list, err := s.JobHistory(t.Context(), 0)
	if err != nil || len(list) != 1 || list[0].Outcome != JobFailed || !strings.Contains(list[0].Error, "chunk 7") {
		t.Fatalf("%+v, %v", list, err)
	}
	want := Explain(j.Err())
	want.Exit = ExitFailure // which is not kept
	if got := list[0].Why.Problem(); got.Line() != list[0].Error || !reflect.DeepEqual(got, want) {
		t.Errorf("in its parts it is %+v,\nwant %+v", got, want)
	}
}

// What others wrote into the log is shown, and is harmless.
func TestHistoryOfHostileParts(t *testing.T) {
	for part, want := range map[string]string{
		`{"doing":{"format":"eat \u001b[2J%s%d","args":["a\nb","c"]},"left":[{"format":"%s%s"}],"detail":"\u202e","hint":"\r"}`: "Could not eat ?[2Ja?b%!d(string=c): ? %s%s. ?",
		`{"doing":{"format":"%s","args":null},"detail":"x"}`:                                                                    "Could not %s: x",
		`{"doing":{"format":""},"detail":"x"}`:                                                                                  "",
		`{"detail":"x"}`:                                                                                                        "",
	} {
		e, ok := readEndedJob([]byte(`{"ended":"2026-11-24T10:00:00Z","kind":"verify","outcome":"failed","error":"e","why":` + part + `}`))
		if !ok {
			t.Errorf("not read: %s", part)
			continue
		}
		got := ""
		if e.Why != nil {
			got = e.Why.Problem().Line()
		}
		if got != want {
			t.Errorf("%s\nis told as %q, want %q", part, got, want)
		}
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

package app

import (
	"context"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"vmterminal/app/job"
	"vmterminal/app/problem"
)

func TestHistoryIsStored(t *testing.T) {
	s := serviceWithDisk(t, []byte("disk"))
	takeSnapshot(t, s, "one")
	if err := waitJob(s.CreateSnapshot(t.Context(), "dev", NewSnapshot{Name: "one"})); err == nil {
		t.Fatal("a second snapshot with the same name was created")
	}
	j := runJob(s, job.Export, job.Subject{VM: "dev", Name: "x\x1b[2Jy"}, func(ctx context.Context, _ job.Meter) (any, error) {
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
		t.Fatalf("got history %+v, want at least 2 jobs", list)
	}
	if e := list[0]; e.Kind != job.Export || e.Outcome != job.Canceled || strings.ContainsRune(e.Subject, '\x1b') || e.VM != "dev" {
		t.Errorf("newest entry: got %+v, want the canceled export, without control characters", e)
	}
	last := list[len(list)-1]
	if last.Kind != job.Snapshot || last.Subject != "one" || last.Outcome != job.Done || last.Error != "" {
		t.Errorf("oldest entry: got %+v, want the finished snapshot 'one'", last)
	}
	if one, err := s.JobHistory(t.Context(), 1); err != nil || len(one) != 1 || one[0] != list[0] {
		t.Errorf("limit 1: got %+v, error %v, want only the newest entry", one, err)
	}
}

func TestHistoryOfFailedJobs(t *testing.T) {
	s := serviceWithDisk(t, []byte("disk"))
	j := runJob(s, job.Verify, job.Subject{VM: "dev", Name: "one"}, func(context.Context, job.Meter) (any, error) {
		return nil, wrapFailure(fmt.Errorf("chunk 7: %w", ErrRunning), problem.Operation{Code: problem.OpSnapshotVerify, Snapshot: "100%s"}, problem.DiskUnchanged)
	})
	<-j.Done()
	list, err := s.JobHistory(t.Context(), 0)
	if err != nil || len(list) != 1 || list[0].Outcome != job.Failed || list[0].Error != "" {
		t.Fatalf("got history %+v, error %v, want one failed job", list, err)
	}
	want := Explain(j.Err())
	if got := list[0].Problem; got == nil || !reflect.DeepEqual(*got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// Control characters in the log are replaced, no matter which process wrote them.
func TestHistoryOfHostileProblems(t *testing.T) {
	for part, want := range map[string]string{
		`{"code":"\u001b[2J","operation":{"code":"snapshot_restore","vm":"a\nb"},"disk":[{"code":"vm_off","detail":"\r"}],"cause":"\u202e"}`: "snapshot_restore vm=a?b: ?[2J: ? (vm_off)",
		`{"code":"newer_code","tools":["\u001b"]}`: "newer_code",
		`{}`: "",
	} {
		e, ok := parseEndedJob([]byte(`{"ended":"2026-11-24T10:00:00Z","kind":"verify","outcome":"failed","problem":` + part + `}`))
		if !ok || e.Problem == nil {
			t.Errorf("got no problem from %s", part)
			continue
		}
		if got := e.Problem.String(); got != want {
			t.Errorf("%s: got %q, want %q", part, got, want)
		}
		if !slices.Equal(e.Problem.Tools, mapTexts(e.Problem.Tools)) {
			t.Errorf("%s: got tools %q, want plain text", part, e.Problem.Tools)
		}
	}
}

func mapTexts(list []string) []string {
	var plain []string
	for _, text := range list {
		plain = append(plain, Plain(text))
	}
	return plain
}

// Earlier versions stored an English line and its parts. The parts are no longer read.
func TestHistoryOfEarlierVersion(t *testing.T) {
	line := `{"ended":"2026-11-24T10:00:00Z","kind":"verify","vm":"dev","subject":"one","took_ms":5,"outcome":"failed",` +
		`"error":"Could not verify snapshot 'one' of VM 'dev': torn.","why":{"doing":{"format":"verify snapshot '%s'","args":["one"]},"detail":"torn"}}`
	e, ok := parseEndedJob([]byte(line))
	if want := "Could not verify snapshot 'one' of VM 'dev': torn."; !ok || e.Problem != nil || e.Error != want {
		t.Errorf("got %+v, want the error %q", e, want)
	}
}

func TestHistorySkipsInvalidLines(t *testing.T) {
	s := serviceWithDisk(t, []byte("disk"))
	good := `{"ended":"2026-11-24T10:00:00Z","kind":"verify","vm":"dev","subject":"a","took_ms":-5,"outcome":"done"}`
	text := "torn {\n" + `{"ended":"2026-11-24T10:00:00Z","kind":"verify","outcome":"eaten"}` + "\n" + good + "\n" + strings.Repeat("x", 80<<10)
	if err := os.WriteFile(s.opt.Home.JobLog(), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	list, err := s.JobHistory(t.Context(), 0)
	want := EndedJob{Ended: time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC), Kind: job.Verify, VM: "dev", Subject: "a", Outcome: job.Done}
	if err != nil || len(list) != 1 || list[0] != want {
		t.Errorf("got history %+v, error %v, want only the valid line", list, err)
	}
}

func TestHistoryIsLimited(t *testing.T) {
	s := serviceWithDisk(t, []byte("disk"))
	line := []byte(`{"ended":"2026-11-24T10:00:00Z","kind":"verify","vm":"dev","subject":"` + strings.Repeat("s", 4000) + `","outcome":"done"}` + "\n")
	for range 3 * jobLogLimit / len(line) {
		if err := appendJobLog(s.opt.Home, line); err != nil {
			t.Fatal(err)
		}
	}
	for _, path := range []string{s.opt.Home.JobLog(), s.opt.Home.JobLogOld()} {
		if info, err := os.Stat(path); err != nil || info.Size() > jobLogLimit+int64(len(line)) || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: got %v, error %v, want a limited size and mode 0600", path, info, err)
		}
	}
}

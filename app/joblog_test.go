package app

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"vmterminal/app/job"
	"vmterminal/snapshot/durable"
	"vmterminal/vm/home"
)

func TestPhasesOfJobsAreLogged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		logger := slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		s := &Service{opt: Options{Log: logger}, jobs: new(job.List)}
		pulling := runJob(s, job.Pull, job.Subject{VM: "dev", Name: "secret subject"}, func(_ context.Context, m job.Meter) (Image, error) {
			m.WaitFor(durable.Holder{PID: 7, Activity: durable.Activity{Code: "copy_in", Name: "a secret"}})
			time.Sleep(time.Second)
			m.Phase(job.Download, 100)
			m.Add(40)
			m.Add(2)
			time.Sleep(3 * time.Second)
			return Image{}, errors.New("a secret")
		})
		pulling.Watch(func(p job.Progress) {
			if p.Ended && p.Done != 42 {
				t.Errorf("got %d bytes of progress, want 42", p.Done)
			}
		})
		for _, want := range []string{
			`msg="job started" job=pull vm=dev`,
			`msg="job phase" job=pull vm=dev phase=wait-for-process duration=1s bytes=0`,
			`msg="job phase" job=pull vm=dev phase=download duration=3s bytes=42`,
			`msg="job ended" job=pull vm=dev duration=4s exit_code=1`,
		} {
			if !strings.Contains(log.String(), want+"\n") {
				t.Errorf("got log %q, want it to contain the line %q", log.String(), want)
			}
		}
		if strings.Contains(log.String(), "secret") {
			t.Errorf("got log %q, want it without names and causes", log.String())
		}
	})
}

// If debug messages are disabled, a job reports to its own Meter.
func TestJobsWithoutLogging(t *testing.T) {
	logs := map[string]*slog.Logger{
		"none": nil, "discarded": slog.New(slog.DiscardHandler), "errors only": slog.New(slog.NewTextHandler(new(bytes.Buffer), nil)),
	}
	for name, log := range logs {
		s := &Service{opt: Options{Log: log}, jobs: new(job.List)}
		pulling := runJob(s, job.Pull, job.Subject{VM: "dev"}, func(_ context.Context, m job.Meter) (Image, error) {
			if _, logs := m.(*phaseLog); logs {
				t.Errorf("%s: got a %T, want the job's own meter", name, m)
			}
			return Image{}, nil
		})
		<-pulling.Done()
	}
}

func TestWaitsForLocksAreLogged(t *testing.T) {
	var log bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	s := New(Options{Home: home.Dir(t.TempDir()), Log: logger})
	path := string(s.Home()) + "/lock"
	held, err := durable.TryLock(path, durable.Activity{Name: "a secret"})
	if err != nil {
		t.Fatal(err)
	}
	s = s.WaitForJobs(func(durable.Holder) { held.Close() })
	l, err := s.acquireLock(t.Context(), path, durable.Activity{Name: "another secret"})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if got := log.String(); !strings.Contains(got, `msg="waited for a lock"`) || !strings.Contains(got, "acquired=true") || strings.Contains(got, "secret") {
		t.Errorf("got log %q, want a message about the acquired lock that does not name activities", got)
	}
}

func TestNewLogLevel(t *testing.T) {
	for value, want := range map[string]bool{"": false, "0": false, "no": false, "1": true, "true": true} {
		t.Setenv(EnvDebug, value)
		var text bytes.Buffer
		log, level := NewLog(&text)
		log.Debug("x")
		if got := text.Len() > 0; got != want {
			t.Errorf("%s=%s: got debug messages %v, want %v", EnvDebug, value, got, want)
		}
		level.Set(LogLevel(!want))
		text.Reset()
		log.Debug("x")
		if got := text.Len() > 0; got == want {
			t.Errorf("%s=%s, then the other level: got debug messages %v, want %v", EnvDebug, value, got, !want)
		}
	}
}

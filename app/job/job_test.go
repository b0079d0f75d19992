package job_test

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"vmterminal/app/job"
	"vmterminal/snapshot/durable"
)

var ofDev = job.Subject{VM: "dev", Name: "x"}

func TestJobEndsOnceAndLast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := job.Run(new(job.List), job.Snapshot, ofDev, func(_ context.Context, m job.Meter) (string, error) {
			m.Phase(job.Compress, 1000)
			for range 10 {
				time.Sleep(time.Second)
				m.Add(100)
			}
			return "made", nil
		})
		if got := j.Result(); got != "" {
			t.Errorf("result before the end: got %q, want none", got)
		}
		var shown []job.Progress
		j.Watch(func(p job.Progress) { shown = append(shown, p) })
		if len(shown) < 50 {
			t.Errorf("got %d calls in ten seconds, want at least 50", len(shown))
		}
		for i, p := range shown {
			if p.Ended != (i == len(shown)-1) {
				t.Fatalf("call %d of %d: ended = %v, want true only in the last call", i, len(shown), p.Ended)
			}
		}
		last := shown[len(shown)-1]
		if last.Phase.Code != job.Compress || last.Done != 1000 || last.Fraction() != 1 || last.Elapsed != 10*time.Second {
			t.Errorf("last call: got %+v, want all of 1000 bytes compressed in 10 s", last)
		}
		if got, err := j.Result(), j.Err(); got != "made" || err != nil {
			t.Errorf("got %q, error %v, want the result", got, err)
		}
	})
}

func TestCanceledJobEndsAfterItsCleanup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := job.Run(new(job.List), job.Restore, ofDev, func(ctx context.Context, _ job.Meter) (string, error) {
			<-ctx.Done()
			time.Sleep(time.Second) // cleaning up
			return "", fmt.Errorf("restore: %w", ctx.Err())
		})
		j.Cancel()
		synctest.Wait()
		if j.IsCanceled() || j.Err() != nil {
			t.Errorf("the job ended before it had cleaned up: got error %v, want none yet", j.Err())
		}
		<-j.Done()
		if !j.IsCanceled() {
			t.Errorf("got %v, want %v", j.Err(), context.Canceled)
		}
	})
}

func TestFailedJobHasNoResult(t *testing.T) {
	boom := errors.New("boom")
	j := job.Run(new(job.List), job.Restore, ofDev, func(context.Context, job.Meter) (string, error) { return "half", boom })
	if err := j.Wait(t.Context()); !errors.Is(err, boom) {
		t.Errorf("got %v, want %v", err, boom)
	}
	if got := j.Result(); got != "" {
		t.Errorf("got result %q, want none", got)
	}
}

func TestWaitCancelsTheJobWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	cleaned := false
	j := job.Run(new(job.List), job.Copy, ofDev, func(ctx context.Context, _ job.Meter) (int, error) {
		<-ctx.Done()
		cleaned = true
		return 0, ctx.Err()
	})
	if err := j.Wait(ctx); !errors.Is(err, context.Canceled) || !cleaned {
		t.Errorf("got %v, cleaned up = %v, want %v after the cleanup", err, cleaned, context.Canceled)
	}
}

func TestListHoldsRunningJobs(t *testing.T) {
	boom := errors.New("boom")
	var ended []string
	list := job.NewList(func(h *job.Handle, _ time.Duration, err error) {
		select {
		case <-h.Done():
			t.Errorf("%s: Done was closed before onEnd was called", h.Subject)
		default:
		}
		ended = append(ended, fmt.Sprint(h.Subject, " ", err))
	})
	end := make(chan struct{})
	first := job.Run(list, job.Verify, job.Subject{Name: "first"}, func(context.Context, job.Meter) (int, error) {
		<-end
		return 0, boom
	})
	second := job.Run(list, job.Verify, job.Subject{Name: "second"}, func(context.Context, job.Meter) (int, error) {
		<-first.Done()
		return 0, nil
	})
	if got, want := list.Running(), []*job.Handle{first.Handle, second.Handle}; !slices.Equal(got, want) {
		t.Errorf("running: got %v, want %v", got, want)
	}
	close(end)
	<-second.Done()
	if got := list.Running(); len(got) != 0 {
		t.Errorf("running after the end: got %v, want none", got)
	}
	if got, want := strings.Join(ended, ", "), "first boom, second <nil>"; got != want {
		t.Errorf("ended: got %q, want %q", got, want)
	}
}

// progressOf runs work and returns the progress of its job at the end of work.
func progressOf(work func(m job.Meter, look func() job.Progress)) (p job.Progress) {
	started := make(chan *job.Job[int], 1)
	j := job.Run(new(job.List), job.Copy, ofDev, func(_ context.Context, m job.Meter) (int, error) {
		self := <-started
		work(m, self.Progress)
		p = self.Progress()
		return 0, nil
	})
	started <- j
	<-j.Done()
	return p
}

func TestRateAndTimeLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := progressOf(func(m job.Meter, look func() job.Progress) {
			m.Phase(job.Download, 10<<20)
			for range 20 {
				time.Sleep(100 * time.Millisecond)
				m.Add(100 << 10) // 1000 KiB a second
				look()
			}
		})
		if rate := p.Rate / (1 << 10); rate < 990 || rate > 1010 {
			t.Errorf("got a rate of %.0f KiB/s, want 1000", rate)
		}
		if p.ETA < 8*time.Second || p.ETA > 9*time.Second {
			t.Errorf("got %v left, want about 8.2 s", p.ETA)
		}
	})
}

func TestProgressOfUnknownTotal(t *testing.T) {
	p := progressOf(func(m job.Meter, _ func() job.Progress) {
		m.Phase(job.StopVM, 0)
		m.Add(5)
	})
	if p.ETA != -1 || p.Fraction() != 0 {
		t.Errorf("got %v left, fraction %v, want -1 and 0", p.ETA, p.Fraction())
	}
}

func TestWaitForNamesTheHolder(t *testing.T) {
	holder := durable.Holder{PID: 7, Activity: durable.Activity{Code: "image_download"}}
	p := progressOf(func(m job.Meter, _ func() job.Progress) {
		m.Phase(job.Download, 10)
		m.WaitFor(holder)
	})
	if want := (job.Phase{Code: job.WaitForProcess, Holder: holder}); p.Phase != want || p.Total != 0 {
		t.Errorf("got %+v of %d, want %+v of 0", p.Phase, p.Total, want)
	}
}

// TestCodesHasEveryPhase reads the constants of the packages that do the work, so that no new
// phase is missing from Codes.
func TestCodesHasEveryPhase(t *testing.T) {
	codes := job.Codes()
	for i, c := range codes {
		if c == "" || slices.Contains(codes[:i], c) {
			t.Errorf("code %q is empty or used twice", c)
		}
	}
	found := 0
	for _, dir := range []string{"../../snapshot", "../../vm/image", "../../vm/image/fetch", "../../vm/debian"} {
		for name, value := range stringConstants(t, dir) {
			if !strings.HasPrefix(name, "Phase") {
				continue
			}
			if found++; !slices.Contains(codes, job.Code(value)) {
				t.Errorf("%s.%s = %q is not in job.Codes()", dir, name, value)
			}
		}
	}
	if own := []job.Code{job.StopVM, job.StartVM, job.AwaitCopy, job.CopyFiles, job.WaitForProcess}; found+len(own) != len(codes) {
		t.Errorf("got %d codes, want %d of other packages and %q", len(codes), found, own)
	}
}

// stringConstants returns the string constants of the package in a folder by name.
func stringConstants(t *testing.T, dir string) map[string]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: got files %q, error %v, want some", dir, files, err)
	}
	constants := map[string]string{}
	for _, path := range files {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			for i := 0; ok && i < min(len(spec.Names), len(spec.Values)); i++ {
				if value, isLiteral := spec.Values[i].(*ast.BasicLit); isLiteral && value.Kind == token.STRING {
					constants[spec.Names[i].Name], _ = strconv.Unquote(value.Value) // the parser has checked it
				}
			}
			return true
		})
	}
	return constants
}

package app

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestJobEndsOnceAndLast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		job := RunJob(JobSnapshot, "dev", "x", func(_ context.Context, m Meter) (any, error) {
			m.Phase("Compressing", 1000)
			for range 10 {
				time.Sleep(time.Second)
				m.Add(100)
			}
			return Snapshot{Name: "x"}, nil
		})
		var looks []Progress
		job.Watch(func(p Progress) { looks = append(looks, p) })
		if len(looks) < 50 {
			t.Errorf("only %d looks in ten seconds", len(looks))
		}
		for i, p := range looks {
			if p.Ended != (i == len(looks)-1) {
				t.Fatalf("look %d of %d: ended = %v", i, len(looks), p.Ended)
			}
		}
		last := looks[len(looks)-1]
		if last.Done != 1000 || last.Fraction() != 1 || last.Elapsed != 10*time.Second {
			t.Errorf("last look %+v", last)
		}
		if s, ok := job.Result().(Snapshot); !ok || s.Name != "x" || job.Err() != nil {
			t.Errorf("result %v, %v", job.Result(), job.Err())
		}
	})
}

func TestJobCancelSaysSoOnlyWhenItHasEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		job := RunJob(JobRestore, "dev", "x", func(ctx context.Context, _ Meter) (any, error) {
			<-ctx.Done()
			time.Sleep(time.Second) // cleaning up
			return nil, failed(ctx.Err(), unchanged, "restore")
		})
		job.Cancel()
		synctest.Wait()
		if job.Cancelled() || job.Err() != nil {
			t.Error("it says cancelled before it has cleaned up")
		}
		<-job.Done()
		if !job.Cancelled() {
			t.Errorf("err = %v", job.Err())
		}
	})
}

func TestJobFailure(t *testing.T) {
	boom := errors.New("boom")
	job := RunJob(JobRestore, "dev", "x", func(context.Context, Meter) (any, error) { return "half", boom })
	if err := job.Wait(t.Context()); !errors.Is(err, boom) {
		t.Errorf("err = %v", err)
	}
	if job.Result() != nil {
		t.Errorf("a failed job gives %v", job.Result())
	}
}

func TestRateAndTimeLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var m meter
		m.Phase("Reading", 10<<20)
		for range 20 {
			time.Sleep(100 * time.Millisecond)
			m.Add(100 << 10) // 1000 KiB a second
			m.look(time.Now())
		}
		p := m.look(time.Now())
		if rate := p.Rate / (1 << 10); rate < 990 || rate > 1010 {
			t.Errorf("rate %.0f KiB/s, want 1000", rate)
		}
		if p.ETA < 8*time.Second || p.ETA > 9*time.Second {
			t.Errorf("time left %v, want about 8.2 s", p.ETA)
		}
	})
}

func TestProgressOfAnUnknownTotal(t *testing.T) {
	var m meter
	m.Phase("Stopping", 0)
	m.Add(5)
	if p := m.look(time.Now()); p.ETA != -1 || p.Fraction() != 0 {
		t.Errorf("%+v", p)
	}
}

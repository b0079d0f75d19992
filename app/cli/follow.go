package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"vmterminal/app"
)

// plainEvery is how often a job reports where no bar can be drawn.
const plainEvery = 10 * time.Second

// follow shows a job until its end: a bar on a terminal, else a line now and
// then. When ctx ends the job is cancelled, and follow returns when nothing is
// left of it.
func (f *face) follow(ctx context.Context, job *app.Job) error {
	stop := context.AfterFunc(ctx, job.Cancel)
	defer stop()
	if f.json {
		f.followed = true
		f.followJSON(job)
	} else if out, ok := terminal(f.io.Err); ok {
		followBar(out, job)
	} else {
		f.followLines(job)
	}
	return job.Err()
}

// jsonEvery is how often a job reports to a program.
const jsonEvery = time.Second

type progressView struct {
	Schema  int     `json:"schema"`
	Job     string  `json:"job"`
	VM      string  `json:"vm"`
	Subject string  `json:"subject"`
	Phase   string  `json:"phase"`
	Percent float64 `json:"percent"`
	Bytes   int64   `json:"bytes"`
	Total   int64   `json:"total"` // 0: not known
	Rate    float64 `json:"rate"`  // bytes a second
	ETA     float64 `json:"eta"`   // seconds; -1: not known
	Elapsed float64 `json:"elapsed"`
}

func (f *face) followJSON(job *app.Job) {
	next := time.Duration(0) // at once, so that who waits sees that it has begun
	job.Watch(func(p app.Progress) {
		if p.Ended || p.Elapsed < next {
			return
		}
		next = p.Elapsed + jsonEvery
		eta := p.ETA.Seconds()
		if p.ETA < 0 {
			eta = -1
		}
		f.lost = errors.Join(f.lost, f.writeLine("progress", progressView{
			Schema: schema, Job: string(job.Kind), VM: job.VM, Subject: job.Subject, Phase: p.Phase,
			Percent: 100 * p.Fraction(), Bytes: p.Done, Total: p.Total, Rate: p.Rate, ETA: eta, Elapsed: p.Elapsed.Seconds(),
		}))
	})
}

func (f *face) followLines(job *app.Job) {
	next := plainEvery
	job.Watch(func(p app.Progress) {
		if p.Ended || p.Elapsed < next {
			return
		}
		next += plainEvery
		f.say("%s: %s", p.Phase, figures(p))
	})
}

// figures is a job's percentage, rate and time left, as far as they are known.
func figures(p app.Progress) string {
	text := fmt.Sprintf("%.0f%%, %.1f MB/s", 100*p.Fraction(), p.Rate/(1<<20))
	if p.Total == 0 {
		text = p.Elapsed.Round(time.Second).String()
	}
	if p.ETA >= 0 {
		text += ", " + p.ETA.Round(time.Second).String() + " left"
	}
	return text
}

// barParts is the bar's resolution: it shows a fraction, so that phases of
// different totals share one bar.
const barParts = 10000

func followBar(out *os.File, job *app.Job) {
	var latest atomic.Pointer[app.Progress]
	latest.Store(&app.Progress{ETA: -1})
	bars := mpb.New(mpb.WithOutput(out), mpb.WithWidth(40), mpb.WithAutoRefresh())
	bar := bars.AddBar(barParts,
		mpb.PrependDecorators(decor.Any(func(decor.Statistics) string { return latest.Load().Phase + " " })),
		mpb.AppendDecorators(decor.Any(func(decor.Statistics) string { return " " + figures(*latest.Load()) })),
	)
	job.Watch(func(p app.Progress) {
		if p.Ended {
			bar.Abort(true)
			return
		}
		latest.Store(&p)
		bar.SetCurrent(min(barParts-1, int64(p.Fraction()*barParts)))
	})
	bars.Wait()
}

package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync/atomic"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"vmterminal/app/job"
	"vmterminal/app/units"
)

// lineInterval is the interval between progress lines when no bar can be drawn.
const lineInterval = 10 * time.Second

// followJob shows the progress of a job until it ends and returns its result. It draws a bar on a
// terminal and prints lines elsewhere. If ctx is done first, follow cancels the job and returns
// once the job has cleaned up.
func followJob[T any](ctx context.Context, p *printer, j *job.Job[T]) (T, error) {
	stop := context.AfterFunc(ctx, j.Cancel)
	defer stop()
	// Debug messages on standard error would break a progress bar.
	logsDebug := p.io.LogLevel != nil && p.io.LogLevel.Level() <= slog.LevelDebug
	if p.json {
		p.showedJob = true
		followJSON(p, j.Handle)
	} else if out, ok := asTerminal(p.io.Err); ok && !logsDebug {
		followBar(out, j.Handle)
	} else {
		followLines(p, j.Handle)
	}
	return j.Result(), j.Err()
}

// jsonInterval is the interval between progress lines in JSON.
const jsonInterval = time.Second

type progressView struct {
	Schema  int     `json:"schema"`
	Job     string  `json:"job"`
	VM      string  `json:"vm"`
	Subject string  `json:"subject"`
	Phase   string  `json:"phase"`
	Percent float64 `json:"percent"`
	Bytes   int64   `json:"bytes"`
	Total   int64   `json:"total"` // 0 if unknown
	Rate    float64 `json:"rate"`  // bytes per second
	ETA     float64 `json:"eta"`   // seconds; -1 if unknown
	Elapsed float64 `json:"elapsed"`
}

func followJSON(p *printer, j *job.Handle) {
	next := time.Duration(0) // the first line shows at once that the job has started
	j.Watch(func(now job.Progress) {
		if now.Ended || now.Elapsed < next {
			return
		}
		next = now.Elapsed + jsonInterval
		eta := now.ETA.Seconds()
		if now.ETA < 0 {
			eta = -1
		}
		p.writeErr = errors.Join(p.writeErr, p.writeLine("progress", progressView{
			Schema: schema, Job: string(j.Kind), VM: j.VM, Subject: j.Subject, Phase: phaseText(now.Phase),
			Percent: 100 * now.Fraction(), Bytes: now.Done, Total: now.Total, Rate: now.Rate, ETA: eta, Elapsed: now.Elapsed.Seconds(),
		}))
	})
}

func followLines(p *printer, j *job.Handle) {
	next := lineInterval
	j.Watch(func(now job.Progress) {
		if now.Ended || now.Elapsed < next {
			return
		}
		next += lineInterval
		p.infof("%s: %s", phaseText(now.Phase), progressFigures(now))
	})
}

// progressFigures formats a job's percentage, rate and remaining time, or the elapsed time
// if the total is unknown.
func progressFigures(p job.Progress) string {
	if p.Total == 0 {
		return units.Duration(p.Elapsed.Truncate(time.Second))
	}
	text := fmt.Sprintf("%.0f%%", 100*p.Fraction())
	if rate := units.Rate(p.Rate); rate != "" {
		text += ", " + rate
	}
	if p.ETA >= 0 {
		text += ", " + units.Remaining(p.ETA) + " left"
	}
	return text
}

// barResolution is the bar's total. The bar shows the completed fraction of a phase, because
// phases have different totals.
const barResolution = 10000

func followBar(out *os.File, j *job.Handle) {
	var latest atomic.Pointer[job.Progress]
	latest.Store(&job.Progress{ETA: -1})
	bars := mpb.New(mpb.WithOutput(out), mpb.WithWidth(40), mpb.WithAutoRefresh())
	bar := bars.AddBar(barResolution,
		mpb.PrependDecorators(decor.Any(func(decor.Statistics) string { return phaseText(latest.Load().Phase) + " " })),
		mpb.AppendDecorators(decor.Any(func(decor.Statistics) string { return " " + progressFigures(*latest.Load()) })),
	)
	j.Watch(func(p job.Progress) {
		if p.Ended {
			bar.Abort(true)
			return
		}
		latest.Store(&p)
		bar.SetCurrent(min(barResolution-1, int64(p.Fraction()*barResolution)))
	})
	bars.Wait()
}

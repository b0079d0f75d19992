package app

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"vmterminal/app/job"
	"vmterminal/app/problem"
	"vmterminal/snapshot/diskfile"
	"vmterminal/snapshot/durable"
	"vmterminal/vm/home"
)

// EndedJob records a job of this or another process and its outcome.
type EndedJob struct {
	Ended   time.Time   `json:"ended"`
	Kind    job.Kind    `json:"kind"`
	VM      string      `json:"vm"`
	Subject string      `json:"subject"`
	TookMS  int64       `json:"took_ms"`
	Outcome job.Outcome `json:"outcome"`
	// Problem is the reason for the failure. It is nil for other outcomes and for jobs recorded
	// by an earlier version, which wrote only Error, a line in English.
	Problem *problem.Problem `json:"problem,omitempty"`
	Error   string           `json:"error,omitempty"`
}

// jobLogLimit is the size in bytes at which the job log is rotated: a few thousand jobs.
const jobLogLimit = 512 << 10

// recordJob appends a finished job to the log. The job does not fail if the log cannot be
// written.
func (s *Service) recordJob(j *job.Handle, took time.Duration, err error) {
	e := EndedJob{
		Ended: time.Now().UTC(), Kind: j.Kind, VM: j.VM, Subject: j.Subject,
		TookMS: took.Milliseconds(), Outcome: job.Done,
	}
	switch {
	case errors.Is(err, context.Canceled):
		e.Outcome = job.Canceled
	case err != nil:
		p := Explain(err)
		e.Outcome, e.Problem = job.Failed, &p
	}
	line, err := json.Marshal(e)
	if err != nil {
		return
	}
	_ = appendJobLog(s.opt.Home, append(line, '\n'))
}

// appendJobLog appends a line to the job log with a single write, so that concurrent processes do
// not mix their lines.
func appendJobLog(root home.Dir, line []byte) error {
	if info, err := os.Stat(root.JobLog()); err == nil && info.Size() > jobLogLimit {
		if err := os.Rename(root.JobLog(), root.JobLogOld()); err != nil {
			return err
		}
	}
	f, err := os.OpenFile(root.JobLog(), os.O_WRONLY|os.O_APPEND|os.O_CREATE, durable.FileMode)
	if err != nil {
		return err
	}
	_, err = f.Write(line)
	return errors.Join(err, f.Close())
}

// JobHistory returns up to limit jobs of all processes, newest first. If limit is 0, it returns
// all recorded jobs. It skips invalid lines in the log.
func (s *Service) JobHistory(ctx context.Context, limit int) ([]EndedJob, error) {
	var all []EndedJob
	for _, path := range []string{s.opt.Home.JobLogOld(), s.opt.Home.JobLog()} {
		list, err := readJobLog(ctx, path)
		if err != nil {
			return nil, wrapFailure(err, problem.Operation{Code: problem.OpJobHistory})
		}
		all = append(all, list...)
	}
	slices.Reverse(all)
	slices.SortStableFunc(all, func(a, b EndedJob) int { return b.Ended.Compare(a.Ended) })
	if limit > 0 && len(all) > limit {
		all = all[:limit]
	}
	return all, nil
}

func readJobLog(ctx context.Context, path string) ([]EndedJob, error) {
	f, _, err := diskfile.OpenRegular(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var list []EndedJob
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 64<<10)
	for lines.Scan() && ctx.Err() == nil {
		if e, ok := parseEndedJob(lines.Bytes()); ok {
			list = append(list, e)
		}
	}
	if err := lines.Err(); err != nil && !errors.Is(err, bufio.ErrTooLong) {
		return nil, err
	}
	return list, ctx.Err()
}

// parseEndedJob parses a line and makes its texts safe to display.
func parseEndedJob(line []byte) (EndedJob, bool) {
	var e EndedJob
	if json.Unmarshal(line, &e) != nil || e.Ended.IsZero() || e.Kind == "" {
		return EndedJob{}, false
	}
	switch e.Outcome {
	case job.Done, job.Failed, job.Canceled:
	default:
		return EndedJob{}, false
	}
	e.Kind = job.Kind(Plain(string(e.Kind)))
	e.VM, e.Subject, e.Error = Plain(e.VM), Plain(e.Subject), Plain(strings.TrimSpace(e.Error))
	e.Problem = plainProblem(e.Problem)
	e.TookMS = max(0, e.TookMS)
	return e, true
}

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

	"vmterminal/app/ondisk"
	"vmterminal/snapshot/diskfile"
)

// JobOutcome is how a job ended.
type JobOutcome string

// The outcomes of a job.
const (
	JobDone      JobOutcome = "done"
	JobFailed    JobOutcome = "failed"
	JobCancelled JobOutcome = "cancelled"
)

// EndedJob is a job of this or another process, and how it ended.
type EndedJob struct {
	Ended   time.Time  `json:"ended"`
	Kind    JobKind    `json:"kind"`
	VM      string     `json:"vm"`
	Subject string     `json:"subject"`
	TookMS  int64      `json:"took_ms"`
	Outcome JobOutcome `json:"outcome"`
	// Error is one line about why it failed, "" if it did not.
	Error string `json:"error,omitempty"`
	// Why is the same in its parts; nil when an earlier version ended the job.
	Why *Told `json:"why,omitempty"`
}

// jobLogLimit is how long the log of jobs grows before it becomes the old part,
// in bytes: some thousand jobs.
const jobLogLimit = 512 << 10

// remember adds a job that has ended to the log. A log that cannot be written
// is no reason to say that the job failed.
func (s *Service) remember(j *Job, err error) {
	e := EndedJob{
		Ended: time.Now().UTC(), Kind: j.Kind, VM: j.VM, Subject: j.Subject,
		TookMS: j.took.Milliseconds(), Outcome: JobDone,
	}
	switch {
	case errors.Is(err, context.Canceled):
		e.Outcome = JobCancelled
	case err != nil:
		p := Explain(err)
		e.Outcome, e.Error, e.Why = JobFailed, p.Line(), p.told()
	}
	line, err := json.Marshal(e)
	if err != nil {
		return
	}
	_ = addLine(s.opt.Home, append(line, '\n'))
}

// addLine adds a line to the log of jobs with one write, so that processes that
// end jobs at the same time do not mix theirs.
func addLine(home ondisk.Home, line []byte) error {
	if info, err := os.Stat(home.JobLog()); err == nil && info.Size() > jobLogLimit {
		if err := os.Rename(home.JobLog(), home.JobLogOld()); err != nil {
			return err
		}
	}
	f, err := os.OpenFile(home.JobLog(), os.O_WRONLY|os.O_APPEND|os.O_CREATE, ondisk.FileMode)
	if err != nil {
		return err
	}
	_, err = f.Write(line)
	return errors.Join(err, f.Close())
}

// JobHistory returns how the last jobs of all processes ended, newest first and
// at most that many; 0 means all that are remembered. What no job wrote is
// passed over.
func (s *Service) JobHistory(ctx context.Context, most int) ([]EndedJob, error) {
	var all []EndedJob
	for _, path := range []string{s.opt.Home.JobLogOld(), s.opt.Home.JobLog()} {
		list, err := readJobLog(ctx, path)
		if err != nil {
			return nil, failed(err, "", "read how jobs ended")
		}
		all = append(all, list...)
	}
	slices.Reverse(all)
	slices.SortStableFunc(all, func(a, b EndedJob) int { return b.Ended.Compare(a.Ended) })
	if most > 0 && len(all) > most {
		all = all[:most]
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
		if e, ok := readEndedJob(lines.Bytes()); ok {
			list = append(list, e)
		}
	}
	if err := lines.Err(); err != nil && !errors.Is(err, bufio.ErrTooLong) {
		return nil, err
	}
	return list, ctx.Err()
}

// readEndedJob reads a line, and makes it harmless to show.
func readEndedJob(line []byte) (EndedJob, bool) {
	var e EndedJob
	if json.Unmarshal(line, &e) != nil || e.Ended.IsZero() || e.Kind == "" {
		return EndedJob{}, false
	}
	switch e.Outcome {
	case JobDone, JobFailed, JobCancelled:
	default:
		return EndedJob{}, false
	}
	e.Kind = JobKind(Plain(string(e.Kind)))
	e.VM, e.Subject, e.Error = Plain(e.VM), Plain(e.Subject), Plain(strings.TrimSpace(e.Error))
	e.Why = e.Why.plain()
	e.TookMS = max(0, e.TookMS)
	return e, true
}

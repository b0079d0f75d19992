package window

import (
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/theme"

	"vmterminal/app"
	"vmterminal/app/desktop/words"
	"vmterminal/app/job"
	"vmterminal/app/units"
	"vmterminal/assets"
	"vmterminal/widgets"
)

// jobView shows jobs in the job bar until the user closes their results.
type jobView struct {
	w    *window
	rows []*shownJob
}

type shownJob struct {
	job      *job.Handle
	icon     fyne.Resource
	at       job.Progress
	canceled bool
	// result describes the result of the job once it has succeeded; took is its duration.
	result func(took string) string
	// ended is set, on the main goroutine, together with the final progress.
	ended bool
}

func newJobView(w *window) *jobView { return &jobView{w: w} }

// add shows a job and removes earlier results of the same VM. result describes its result
// once it has succeeded.
func (v *jobView) add(j *job.Handle, result func(took string) string) {
	if slices.ContainsFunc(v.rows, func(r *shownJob) bool { return r.job == j }) {
		return
	}
	v.rows = slices.DeleteFunc(v.rows, func(r *shownJob) bool { return r.ended && r.job.VM == j.VM })
	row := &shownJob{job: j, icon: jobIcon(j.Kind), at: j.Progress(), result: result}
	v.rows = append(v.rows, row)
	v.draw()
	go j.Watch(func(p job.Progress) {
		v.w.ui(func() {
			row.at, row.ended = p, p.Ended
			if p.Ended {
				v.w.jobEnded(row)
			}
			v.draw()
		})
	})
}

// running returns the jobs that have not ended.
func (v *jobView) running() []*job.Handle {
	var jobs []*job.Handle
	for _, r := range v.rows {
		if !r.ended {
			jobs = append(jobs, r.job)
		}
	}
	return jobs
}

// runningJob returns the running job of a VM and its progress.
func (v *jobView) runningJob(vm string) (*job.Handle, job.Progress, bool) {
	for _, r := range v.rows {
		if !r.ended && r.job.VM == vm {
			return r.job, r.at, true
		}
	}
	return nil, job.Progress{}, false
}

// press handles the button of a row: it cancels a running job, or removes one that has
// ended.
func (v *jobView) press(id int64) {
	for _, r := range v.rows {
		if r.job.ID != id {
			continue
		}
		if !r.ended {
			r.canceled = true
			r.job.Cancel()
		} else {
			v.rows = slices.DeleteFunc(v.rows, func(o *shownJob) bool { return o == r })
		}
		break
	}
	v.draw()
	v.w.focusMain()
}

func (v *jobView) draw() {
	items := make([]widgets.JobItem, len(v.rows))
	for i, r := range v.rows {
		items[i] = r.item()
	}
	v.w.parts.jobBar.Set(items)
	v.w.header.drawHeader()
	v.w.terminals.drawTerminalArea()
	v.w.tray.update()
}

func (r *shownJob) item() widgets.JobItem {
	item := widgets.JobItem{
		ID: r.job.ID, Icon: r.icon, Title: words.Job(r.job.Kind, r.job.VM, r.job.Subject),
		Phase: words.Phase(r.at.Phase), Fraction: r.at.Fraction(), Button: lang.L("Cancel"),
	}
	if r.ended {
		return r.outcome(item)
	}
	switch {
	case r.canceled:
		item.Phase, item.Button = lang.L("Canceling…"), ""
	case item.Phase == "":
		item.Phase = lang.L("Preparing…")
	}
	figures := []string{words.Percent(r.at), units.Rate(r.at.Rate)}
	if r.at.ETA >= 0 && r.at.Total > 0 {
		figures = append(figures, lang.L("{{.Time}} left", words.Values{"Time": units.Remaining(r.at.ETA)}))
	}
	figures = slices.DeleteFunc(figures, func(s string) bool { return s == "" })
	item.Numbers = strings.Join(figures, "  ·  ")
	return item
}

// outcome completes the row of a job that has ended.
func (r *shownJob) outcome(item widgets.JobItem) widgets.JobItem {
	item.Ended, item.Button = true, lang.L("Close")
	if err := r.job.Err(); err == nil {
		item.Phase = r.result(units.Duration(r.at.Elapsed))
	} else if r.job.IsCanceled() {
		item.Phase = lang.L("Canceled. Partial data was removed.")
	} else {
		item.Phase, item.Failed, item.Icon = words.Problem(app.Explain(err)).Line(), true, assets.BrokenIcon
	}
	return item
}

func jobIcon(kind job.Kind) fyne.Resource {
	switch kind {
	case job.Restore, job.Undo:
		return assets.RestoreIcon
	case job.Verify:
		return theme.ConfirmIcon()
	case job.Export:
		return theme.UploadIcon()
	case job.Import:
		return theme.DownloadIcon()
	case job.Create, job.Clone:
		return theme.ContentCopyIcon()
	default:
		return theme.MediaPhotoIcon()
	}
}

// jobEnded shows how a job ended, as a desktop notification if the window is hidden.
func (w *window) jobEnded(row *shownJob) {
	w.reader.refresh()
	if err := row.job.Err(); err != nil && !row.job.IsCanceled() {
		w.modal.showError(err)
	}
	if w.hidden {
		item := row.item()
		w.app.SendNotification(fyne.NewNotification(item.Title, item.Phase))
	}
}

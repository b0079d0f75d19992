//go:build !nogui

package desktop

import (
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"

	"vmterminal/app"
	"vmterminal/assets"
	"vmterminal/widgets"
)

// jobView shows jobs in the bar from their beginning until their result is
// taken away.
type jobView struct {
	w    *window
	rows []*shownJob
}

type shownJob struct {
	job       *app.Job
	icon      fyne.Resource
	at        app.Progress
	cancelled bool
	// ended is set on the main goroutine, once at has the end.
	ended bool
}

func newJobView(w *window) *jobView { return &jobView{w: w} }

// add shows a job. Results that still stand for the same VM make room.
func (v *jobView) add(j *app.Job) {
	if slices.ContainsFunc(v.rows, func(r *shownJob) bool { return r.job == j }) {
		return
	}
	v.rows = slices.DeleteFunc(v.rows, func(r *shownJob) bool { return r.ended && r.job.VM == j.VM })
	row := &shownJob{job: j, icon: jobIcon(j.Kind), at: j.Progress()}
	v.rows = append(v.rows, row)
	v.draw()
	go j.Watch(func(p app.Progress) {
		v.w.ui(func() {
			row.at, row.ended = p, p.Ended
			if p.Ended {
				v.w.jobEnded(j)
			}
			v.draw()
		})
	})
}

// running are the jobs that have not ended.
func (v *jobView) running() []*app.Job {
	var jobs []*app.Job
	for _, r := range v.rows {
		if !r.ended {
			jobs = append(jobs, r.job)
		}
	}
	return jobs
}

// of is the running job of a VM with where it stands.
func (v *jobView) of(vm string) (*app.Job, app.Progress, bool) {
	for _, r := range v.rows {
		if !r.ended && r.job.VM == vm {
			return r.job, r.at, true
		}
	}
	return nil, app.Progress{}, false
}

// press is a row's button: cancel while it runs, take away when it has ended.
func (v *jobView) press(id int64) {
	for _, r := range v.rows {
		if r.job.ID != id {
			continue
		}
		if !r.ended {
			r.cancelled = true
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
	v.w.drawHeader()
	v.w.drawPlace()
	v.w.tray.changed()
}

func (r *shownJob) item() widgets.JobItem {
	item := widgets.JobItem{
		ID: r.job.ID, Icon: r.icon, Title: textJob(r.job),
		Phase: r.at.Phase, Fraction: r.at.Fraction(), Button: textCancel(),
	}
	if r.ended {
		return r.result(item)
	}
	switch {
	case r.cancelled:
		item.Phase, item.Button = textCancelling(), ""
	case item.Phase == "":
		item.Phase = textWaiting()
	}
	figures := []string{percent(r.at), rate(r.at.Rate)}
	if r.at.ETA >= 0 && r.at.Total > 0 {
		figures = append(figures, textLeftTime(clock(r.at.ETA)))
	}
	figures = slices.DeleteFunc(figures, func(s string) bool { return s == "" })
	item.Numbers = strings.Join(figures, "  ·  ")
	return item
}

// result turns the row into the line about its end.
func (r *shownJob) result(item widgets.JobItem) widgets.JobItem {
	item.Ended, item.Button = true, textClose()
	took := seconds(r.at.Elapsed)
	switch result := r.job.Result().(type) {
	case app.Snapshot:
		item.Phase = doneWith(r.job.Kind, result, took)
	case app.Restored:
		item.Phase = textRestoreDone(result, took)
	case app.Undone:
		item.Phase = textUndoDone(took)
	case app.Verified:
		item.Phase = textVerifyDone(result, took)
	case app.VM:
		item.Phase = textCloneDone(result.Name, took)
	}
	if r.job.Cancelled() {
		item.Phase = textJobCancelled()
	} else if err := r.job.Err(); err != nil {
		item.Phase, item.Failed, item.Icon = textProblem(app.Explain(err)).Line(), true, assets.BrokenIcon
	}
	return item
}

// doneWith says what became of a job that gives a snapshot.
func doneWith(kind app.JobKind, s app.Snapshot, took string) string {
	switch kind {
	case app.JobExport:
		return textExportDone(size(s.FileSize), took)
	case app.JobImport:
		return textImportDone(s.Name, size(s.FileSize), took)
	default:
		return textSnapshotDone(s, took)
	}
}

func jobIcon(kind app.JobKind) fyne.Resource {
	switch kind {
	case app.JobRestore, app.JobUndo:
		return assets.RestoreIcon
	case app.JobVerify:
		return theme.ConfirmIcon()
	case app.JobExport:
		return theme.UploadIcon()
	case app.JobImport:
		return theme.DownloadIcon()
	case app.JobCreate, app.JobClone:
		return theme.ContentCopyIcon()
	default:
		return theme.MediaPhotoIcon()
	}
}

// jobEnded shows what a job left.
func (w *window) jobEnded(j *app.Job) {
	w.reader.soon()
	if j.Err() != nil && !j.Cancelled() {
		w.fail(j.Err())
	}
	if w.hidden {
		w.notify(j)
	}
}

// notify tells of a job's end on the desktop.
func (w *window) notify(j *app.Job) {
	row := shownJob{job: j, icon: jobIcon(j.Kind), at: j.Progress(), ended: true}
	item := row.item()
	w.app.SendNotification(fyne.NewNotification(item.Title, item.Phase))
}

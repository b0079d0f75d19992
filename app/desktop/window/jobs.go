package window

import (
	"context"
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

// jobTracker follows the jobs that the job bar shows, until the user closes their results.
type jobTracker struct {
	*model

	svc jobService
	// onChange is called when the result of items has changed.
	onChange func()
	rows     []*shownJob
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

// addRunning shows the jobs that are already running.
func (v *jobTracker) addRunning() {
	for _, j := range v.svc.Jobs() {
		v.add(j, words.Done)
	}
}

// runJob starts a job in another goroutine and shows it in the job bar. done describes its
// result once it has succeeded.
func runJob[T any](v *jobTracker, done func(result T, took string) string, start func(context.Context) (*job.Job[T], error)) {
	var started *job.Job[T]
	v.call(func(ctx context.Context) (err error) {
		started, err = start(ctx)
		return err
	}, func(err error) {
		if !v.modal.showError(err) && started != nil {
			addJob(v, started, done)
		}
		v.reader.refresh()
	})
}

func addJob[T any](v *jobTracker, j *job.Job[T], done func(result T, took string) string) {
	v.add(j.Handle, func(took string) string { return done(j.Result(), took) })
}

// add shows a job and removes earlier results of the same VM. result describes its result
// once it has succeeded.
func (v *jobTracker) add(j *job.Handle, result func(took string) string) {
	if slices.ContainsFunc(v.rows, func(r *shownJob) bool { return r.job == j }) {
		return
	}
	v.rows = slices.DeleteFunc(v.rows, func(r *shownJob) bool { return r.ended && r.job.VM == j.VM })
	row := &shownJob{job: j, icon: jobIcon(j.Kind), at: j.Progress(), result: result}
	v.rows = append(v.rows, row)
	v.onChange()
	go j.Watch(func(p job.Progress) {
		v.ui(func() {
			row.at, row.ended = p, p.Ended
			if p.Ended {
				v.ended(row)
			}
			v.onChange()
		})
	})
}

// ended shows how a job ended, as a desktop notification if the window is hidden.
func (v *jobTracker) ended(row *shownJob) {
	v.reader.refresh()
	if err := row.job.Err(); err != nil && !row.job.IsCanceled() {
		v.modal.showError(err)
	}
	if v.hidden {
		item := row.item()
		v.app.SendNotification(fyne.NewNotification(item.Title, item.Phase))
	}
}

// running returns the jobs that have not ended.
func (v *jobTracker) running() []*job.Handle {
	var jobs []*job.Handle
	for _, r := range v.rows {
		if !r.ended {
			jobs = append(jobs, r.job)
		}
	}
	return jobs
}

// runningJob returns the running job of a VM and its progress.
func (v *jobTracker) runningJob(vm string) (*job.Handle, job.Progress, bool) {
	for _, r := range v.rows {
		if !r.ended && r.job.VM == vm {
			return r.job, r.at, true
		}
	}
	return nil, job.Progress{}, false
}

// isIdle reports whether this window has no operation in progress on a VM.
func (v *jobTracker) isIdle(vm app.VM) bool {
	_, _, runs := v.runningJob(vm.Name)
	return v.busy[vm.Name] == "" && !runs
}

// canChange reports whether a VM can be reconfigured or cloned.
func (v *jobTracker) canChange(vm app.VM) bool { return v.isIdle(vm) && vm.State != app.Broken }

// canSnapshot reports whether a snapshot of a VM can be taken.
func (v *jobTracker) canSnapshot(vm app.VM) bool {
	return v.canChange(vm) && vm.State != app.Lost
}

// press handles the button of a row: it cancels a running job, or removes one that has
// ended.
func (v *jobTracker) press(id int64) {
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
	v.onChange()
	v.focusMain()
}

// items returns the rows of the job bar: the jobs, and the running VMs whose disks are being
// filled in.
func (v *jobTracker) items() []widgets.JobItem {
	items := make([]widgets.JobItem, len(v.rows))
	for i, r := range v.rows {
		items[i] = r.item()
	}
	for i, vm := range v.last.vms {
		if vm.Filling != nil && vm.State.Alive() {
			items = append(items, fillingItem(-1-int64(i), vm))
		}
	}
	return items
}

// fillingItem returns the row for a disk that is being filled in. It has no button, because
// filling in cannot be canceled.
func fillingItem(id int64, vm app.VM) widgets.JobItem {
	f := vm.Filling
	at := job.Progress{Done: f.Done, Total: f.Total}
	item := widgets.JobItem{
		ID: id, Icon: assets.RestoreIcon,
		Title: lang.L("Disk of {{.VM}} from “{{.Name}}”", words.Values{"VM": vm.Name, "Name": f.Source}),
		Phase: lang.L("Filling in the disk"), Fraction: at.Fraction(), Numbers: words.Percent(at),
	}
	if f.Problem.Code != "" {
		item.Phase, item.Ended, item.Failed, item.Icon = words.FillProblem(f.Problem), true, true, assets.BrokenIcon
	}
	return item
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

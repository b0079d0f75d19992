package window

import (
	"context"
	"fmt"
	"time"

	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/layout"

	"vmterminal/app"
	"vmterminal/app/desktop/words"
	"vmterminal/app/job"
	"vmterminal/widgets"
)

// snapshotDialogs opens the dialogs that take, restore, delete, export and import snapshots.
type snapshotDialogs struct{ w *window }

// askSnapshot asks for the name of a new snapshot of the selected VM and suggests one.
func (sd *snapshotDialogs) askSnapshot() {
	v, ok := sd.w.selected()
	if _, _, runs := sd.w.jobs.runningJob(v.Name); !ok || runs || v.State == app.Broken || sd.w.busy[v.Name] != "" {
		return
	}
	name := widgets.NewField(lang.L("Name"), sd.w.timeline.freeSnapshotName(), lang.L("Letters, digits, '.', '_' and '-'"), "")
	name.Check = func(text string) string { return words.NameProblem(typedName(text), sd.w.timeline.snapshotNames()) }
	about := widgets.NewField(lang.X("field.description", "Description"), "", "", "")
	about.SetPlaceHolder(lang.L("Description (optional)"))
	note := lang.L("The VM is stopped. The snapshot captures its current disk.")
	if v.State.Alive() {
		note = lang.L("The VM keeps running. The snapshot captures the moment you press the button.")
	}
	form := container.New(layout.NewCustomPaddedVBoxLayout(10), name, about, widgets.NewCaption(note))
	var d *widgets.Dialog
	take := &widgets.DialogButton{Text: lang.L("Take snapshot"), Default: true, OnTapped: func() {
		sd.w.modal.closeDialog(d)
		sd.takeSnapshot(v.Name, app.NewSnapshot{Name: typedName(name.Text()), Description: about.Text()})
	}}
	d = sd.w.modal.openDialog(lang.L("Snapshot of {{.VM}}", words.Values{"VM": v.Name}), form, lang.L("Cancel"), name.Entry(), take)
	name.SelectAll()
	submitBy(d, name, about)
	enableWhenValid(take, name)
}

// takeSnapshot starts the job that takes a snapshot.
func (sd *snapshotDialogs) takeSnapshot(vm string, n app.NewSnapshot) {
	runJob(sd.w, words.SnapshotDone, func(ctx context.Context) (*job.Job[app.Snapshot], error) { return sd.w.svc.CreateSnapshot(ctx, vm, n) })
}

// runJob starts a job in another goroutine and shows it in the job bar. done describes its
// result once it has succeeded.
func runJob[T any](w *window, done func(result T, took string) string, start func(context.Context) (*job.Job[T], error)) {
	var started *job.Job[T]
	w.call(func(ctx context.Context) (err error) {
		started, err = start(ctx)
		return err
	}, func(err error) {
		if !w.modal.showError(err) && started != nil {
			addJob(w.jobs, started, done)
		}
		w.reader.refresh()
	})
}

func addJob[T any](v *jobView, j *job.Job[T], done func(result T, took string) string) {
	v.add(j.Handle, func(took string) string { return done(j.Result(), took) })
}

// quickSnapshot takes a snapshot without asking for a name.
func (sd *snapshotDialogs) quickSnapshot(vm string) {
	sd.takeSnapshot(vm, app.NewSnapshot{Name: app.QuickName(sd.w.now())})
}

func (tl *timeline) snapshotNames() []string {
	names := make([]string, len(tl.w.last.snapshots))
	for i, s := range tl.w.last.snapshots {
		names[i] = s.Name
	}
	return names
}

// freeSnapshotName returns an unused name for a snapshot taken now.
func (tl *timeline) freeSnapshotName() string {
	base := "snapshot-" + tl.w.now().Format(time.DateOnly)
	for n := 1; ; n++ {
		name := base
		if n > 1 {
			name = fmt.Sprintf("%s-%d", base, n)
		}
		if words.NameProblem(name, tl.snapshotNames()) == "" {
			return name
		}
	}
}

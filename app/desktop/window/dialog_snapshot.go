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
type snapshotDialogs struct {
	*model

	svc      snapshotService
	jobs     *jobTracker
	programs *programGuard
	// snapshot returns the snapshot selected in the timeline, and selectSnapshot selects one.
	snapshot       func() (app.Snapshot, bool)
	selectSnapshot func(name string)
}

// askSnapshot asks for the name of a new snapshot of the selected VM and suggests one.
func (sd *snapshotDialogs) askSnapshot() {
	v, ok := sd.selected()
	if _, _, runs := sd.jobs.runningJob(v.Name); !ok || runs || v.State == app.Broken || sd.busy[v.Name] != "" {
		return
	}
	name := widgets.NewField(lang.L("Name"), sd.freeSnapshotName(), lang.L("Letters, digits, '.', '_' and '-'"), "")
	name.Check = func(text string) string { return words.NameProblem(typedName(text), sd.snapshotNames()) }
	about := widgets.NewField(lang.X("field.description", "Description"), "", "", "")
	about.SetPlaceHolder(lang.L("Description (optional)"))
	note := lang.L("The VM is stopped. The snapshot captures its current disk.")
	if v.State.Alive() {
		note = lang.L("The VM keeps running. The snapshot captures the moment you press the button.")
	}
	form := container.New(layout.NewCustomPaddedVBoxLayout(10), name, about, widgets.NewCaption(note))
	var d *widgets.Dialog
	take := &widgets.DialogButton{Text: lang.L("Take snapshot"), Default: true, OnTapped: func() {
		sd.modal.closeDialog(d)
		sd.takeSnapshot(v.Name, app.NewSnapshot{Name: typedName(name.Text()), Description: about.Text()})
	}}
	d = sd.modal.openDialog(lang.L("Snapshot of {{.VM}}", words.Values{"VM": v.Name}), form, lang.L("Cancel"), name.Entry(), take)
	name.SelectAll()
	submitBy(d, name, about)
	enableWhenValid(take, name)
}

// takeSnapshot starts the job that takes a snapshot.
func (sd *snapshotDialogs) takeSnapshot(vm string, n app.NewSnapshot) {
	runJob(sd.jobs, words.SnapshotDone, func(ctx context.Context) (*job.Job[app.Snapshot], error) { return sd.svc.CreateSnapshot(ctx, vm, n) })
}

// quickSnapshot takes a snapshot without asking for a name.
func (sd *snapshotDialogs) quickSnapshot(vm string) {
	sd.takeSnapshot(vm, app.NewSnapshot{Name: app.QuickName(sd.now())})
}

// freeSnapshotName returns an unused name for a snapshot taken now.
func (sd *snapshotDialogs) freeSnapshotName() string {
	base := "snapshot-" + sd.now().Format(time.DateOnly)
	for n := 1; ; n++ {
		name := base
		if n > 1 {
			name = fmt.Sprintf("%s-%d", base, n)
		}
		if words.NameProblem(name, sd.snapshotNames()) == "" {
			return name
		}
	}
}

//go:build !nogui

package desktop

import (
	"context"
	"fmt"
	"time"

	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"

	"vmterminal/app"
	"vmterminal/widgets"
)

// askSnapshot asks for the name of a new snapshot of the VM on the window. A
// name is filled in: Return is enough.
func (w *window) askSnapshot() {
	v, ok := w.chosen()
	if _, _, runs := w.jobs.of(v.Name); !ok || runs || v.State == app.Broken || w.busy[v.Name] != "" {
		return
	}
	name := widgets.NewField(textName(), w.freeSnapshotName(), textNameHint(), "")
	name.Check = func(text string) string { return wrongName(typedName(text), w.snapshotNames()) }
	about := widgets.NewField(textDescription(), "", "", "")
	about.SetPlaceHolder(textOptional())
	note := textTakenStopped()
	if v.State.Alive() {
		note = textTakenRunning()
	}
	form := container.New(layout.NewCustomPaddedVBoxLayout(10), name, about, widgets.NewCaption(note))
	var s *widgets.Sheet
	take := &widgets.SheetButton{Text: textTakeSnapshot(), Default: true, OnTapped: func() {
		w.closeSheet(s)
		w.takeSnapshot(v.Name, app.NewSnapshot{Name: typedName(name.Text()), Description: about.Text()})
	}}
	s = w.openSheet(textSnapshotOf(v.Name), form, textCancel(), name.Entry(), take)
	name.SelectAll()
	submitBy(s, name, about)
	enableWhenValid(take, name)
}

// takeSnapshot begins a snapshot. Its job shows in the bar.
func (w *window) takeSnapshot(vm string, n app.NewSnapshot) {
	w.runJob(func(ctx context.Context) (*app.Job, error) { return w.svc.CreateSnapshot(ctx, vm, n) })
}

// runJob begins a job away from the main goroutine and shows it.
func (w *window) runJob(begin func(context.Context) (*app.Job, error)) {
	var job *app.Job
	w.call(func(ctx context.Context) (err error) {
		job, err = begin(ctx)
		return err
	}, func(err error) {
		if !w.fail(err) && job != nil {
			w.jobs.add(job)
		}
		w.reader.soon()
	})
}

// quickSnapshot takes a snapshot without asking.
func (w *window) quickSnapshot(vm string) {
	w.takeSnapshot(vm, app.NewSnapshot{Name: app.QuickName(w.now())})
}

func (w *window) snapshotNames() []string {
	names := make([]string, len(w.last.snapshots))
	for i, s := range w.last.snapshots {
		names[i] = s.Name
	}
	return names
}

// freeSnapshotName is a name for a snapshot taken now.
func (w *window) freeSnapshotName() string {
	base := "snapshot-" + w.now().Format(time.DateOnly)
	for n := 1; ; n++ {
		name := base
		if n > 1 {
			name = fmt.Sprintf("%s-%d", base, n)
		}
		if wrongName(name, w.snapshotNames()) == "" {
			return name
		}
	}
}

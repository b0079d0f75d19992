//go:build !nogui

package desktop

import (
	"context"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"vmterminal/app"
	"vmterminal/widgets"
)

// historyMost is how many ended jobs the window shows.
const historyMost = 60

// askJobHistory shows how the last jobs ended, of this and earlier windows and
// of commands.
func (w *window) askJobHistory() {
	var jobs []app.EndedJob
	w.call(func(ctx context.Context) (err error) {
		jobs, err = w.svc.JobHistory(ctx, historyMost)
		return err
	}, func(err error) {
		if !w.fail(err) {
			w.free(func() { w.tellHistory(jobs) })()
		}
	})
}

func (w *window) tellHistory(jobs []app.EndedJob) {
	if len(jobs) == 0 {
		w.tell(textJobHistory(), textNoJobs())
		return
	}
	rows := container.New(layout.NewCustomPaddedVBoxLayout(12))
	for _, j := range jobs {
		rows.Add(w.historyRow(j))
	}
	w.openSheet(textJobHistory(), w.scrolling(rows), textClose(), nil)
}

func (w *window) historyRow(j app.EndedJob) fyne.CanvasObject {
	icon := container.NewCenter(container.NewGridWrap(fyne.NewSquareSize(18), widget.NewIcon(jobIcon(j.Kind))))
	took := seconds(time.Duration(j.TookMS) * time.Millisecond)
	text := container.New(layout.NewCustomPaddedVBoxLayout(3), widgets.NewBold(textJobOf(j.Kind, j.VM, j.Subject)),
		widgets.NewCaption(textEnded(j.Outcome, textAge(j.Ended, w.now()), took)))
	var right fyne.CanvasObject
	if j.Error != "" {
		why := widgets.NewCaption(textTold(j.Why, j.Error))
		why.Color = theme.ColorNameError
		text.Add(why)
		details := widgets.NewKeyButton(textCopyDetails(), nil, func() { w.app.Clipboard().SetContent(j.Error) })
		details.Importance = widget.LowImportance
		right = container.NewCenter(details)
	}
	return container.NewBorder(nil, nil, container.NewHBox(icon, widgets.NewGap(4, 0)), right, text)
}

package window

import (
	"context"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"vmterminal/app"
	"vmterminal/app/desktop/words"
	"vmterminal/app/units"
	"vmterminal/widgets"
)

// maxHistory is the maximum number of finished jobs shown.
const maxHistory = 60

// askJobHistory shows how the most recent jobs ended, including those of earlier windows
// and of commands.
func (st *storageDialogs) askJobHistory() {
	var jobs []app.EndedJob
	st.call(func(ctx context.Context) (err error) {
		jobs, err = st.svc.JobHistory(ctx, maxHistory)
		return err
	}, func(err error) {
		if !st.modal.showError(err) {
			st.unlessModal(func() { st.showHistory(jobs) })()
		}
	})
}

func (st *storageDialogs) showHistory(jobs []app.EndedJob) {
	if len(jobs) == 0 {
		st.modal.showMessage(lang.L("Job history"), lang.L("No completed jobs yet."))
		return
	}
	rows := container.New(layout.NewCustomPaddedVBoxLayout(12))
	for _, j := range jobs {
		rows.Add(st.historyRow(j))
	}
	st.modal.openDialog(lang.L("Job history"), st.modal.scrollable(rows), lang.L("Close"), nil)
}

func (st *storageDialogs) historyRow(j app.EndedJob) fyne.CanvasObject {
	icon := container.NewCenter(container.NewGridWrap(fyne.NewSquareSize(18), widget.NewIcon(jobIcon(j.Kind))))
	took := units.Duration(time.Duration(j.TookMS) * time.Millisecond)
	text := container.New(layout.NewCustomPaddedVBoxLayout(3), widgets.NewBold(words.Job(j.Kind, j.VM, j.Subject)),
		widgets.NewCaption(words.JobOutcome(j.Outcome, words.Age(j.Ended, st.now()), took)))
	var right fyne.CanvasObject
	if j.Problem != nil || j.Error != "" {
		why := widgets.NewCaption(words.StoredProblem(j.Problem, j.Error))
		why.Color = theme.ColorNameError
		text.Add(why)
		details := widgets.NewKeyButton(lang.L("Copy details"), nil, func() { st.app.Clipboard().SetContent(words.EnglishStoredProblem(j.Problem, j.Error)) })
		details.Importance = widget.LowImportance
		right = container.NewCenter(details)
	}
	return container.NewBorder(nil, nil, container.NewHBox(icon, widgets.NewGap(4, 0)), right, text)
}

package window

import (
	"context"
	"strconv"
	"time"

	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/widget"

	"vmterminal/app"
	"vmterminal/app/desktop/words"
	"vmterminal/app/schedule"
	"vmterminal/widgets"
)

// defaultInterval is the interval that the dialog suggests for a VM without automatic
// snapshots.
const defaultInterval = 30 * time.Minute

// askAutomatic asks for the interval of a VM's automatic snapshots and how many to keep.
func (vd *vmDialogs) askAutomatic(v app.VM) {
	set := v.Automatic.Automatic
	if !set.On() {
		set = app.Automatic{Every: defaultInterval, Keep: app.DefaultAutomaticKeep}
	}
	every := widgets.NewField(lang.L("Interval"), schedule.FormatInterval(set.Every), lang.L("For example 30m, 6h or 1d12h"), "")
	every.Check = intervalProblem
	keep := numberField(lang.L("Snapshots to keep"), set.Keep, 1, app.MaxAutomaticKeep, "", "")
	form := container.New(layout.NewCustomPaddedVBoxLayout(12), paragraph(lang.L("Snapshots are taken while the VM is running, unless nothing has changed. Older automatic snapshots are then deleted. Pinned or renamed ones are never deleted.")),
		container.NewGridWithColumns(2, every, keep))
	if text, look := vd.automaticStatus(v); text != "" {
		now := widgets.NewText(text)
		now.Importance = look
		form.Add(widgets.NewParagraph(now))
	}

	var d *widgets.Dialog
	save := &widgets.DialogButton{Text: lang.L("Turn on"), Default: true, OnTapped: func() {
		interval, _ := schedule.ParseInterval(every.Text()) // the field has validated it
		vd.modal.closeDialog(d)
		vd.setAutomatic(v, app.Automatic{Every: interval, Keep: number(keep)})
	}}
	buttons := []*widgets.DialogButton{save}
	if v.Automatic.On() {
		save.Text = lang.L("Save")
		off := &widgets.DialogButton{Text: lang.L("Turn off"), OnTapped: func() {
			vd.modal.closeDialog(d)
			vd.setAutomatic(v, app.Automatic{})
		}}
		buttons = []*widgets.DialogButton{off, save}
	}
	d = vd.modal.openDialog(lang.L("Automatic snapshots of {{.VM}}", words.Values{"VM": v.Name}), form, lang.L("Cancel"), every.Entry(), buttons...)
	every.SelectAll()
	submitBy(d, every, keep)
	enableWhenValid(save, every, keep)
}

// automaticStatus describes the last automatic snapshot of a VM if it failed, or else the next
// one. The text is empty if there is nothing to describe.
func (vd *vmDialogs) automaticStatus(v app.VM) (text string, look widget.Importance) {
	switch a := v.Automatic; {
	case a.Failed:
		return lang.L("The automatic snapshot of {{.VM}} failed {{.Age}}: {{.Why}}", words.Values{"VM": v.Name, "Age": words.Age(a.FailedAt, vd.last.at), "Why": words.StoredProblem(a.Problem, a.FailureText)}), widget.DangerImportance
	case !a.Next.IsZero():
		return lang.L("Next snapshot: {{.When}}.", words.Values{"When": words.Date(a.Next)}), widget.LowImportance
	case a.On():
		return lang.L("The next snapshot is taken once the VM is running."), widget.LowImportance
	default:
		return "", widget.LowImportance
	}
}

func (vd *vmDialogs) setAutomatic(v app.VM, to app.Automatic) {
	if to == v.Automatic.Automatic {
		return
	}
	vd.mutate(func(ctx context.Context) error {
		_, err := vd.svc.SetAutomatic(ctx, v.Name, to)
		return err
	})
}

// intervalProblem returns why an interval of automatic snapshots is invalid, or "".
func intervalProblem(text string) string {
	d, err := schedule.ParseInterval(text)
	if err != nil || d < app.MinAutomaticEvery || d > app.MaxAutomaticEvery {
		return lang.L("From {{.Low}} to {{.High}}, for example 30m, 6h or 1d12h", words.Values{"Low": schedule.FormatInterval(app.MinAutomaticEvery), "High": schedule.FormatInterval(app.MaxAutomaticEvery)})
	}
	return ""
}

// drawAutomatic draws the line about automatic snapshots above the timeline.
func (tl *timeline) drawAutomatic() {
	line, a := tl.automatic, app.AutomaticState{}
	if v, ok := tl.selected(); ok {
		a = v.Automatic
	}
	if a.On() {
		line.Set(lang.L("Automatic: every {{.Every}}, the newest {{.N}}", words.Values{"Every": schedule.FormatInterval(a.Every), "N": strconv.Itoa(a.Keep)}))
	}
	if line.Visible() != a.On() {
		tl.setVisible(line, a.On())
		tl.title.Refresh() // make room for the line
	}
}

//go:build !nogui

package desktop

import (
	"context"
	"strconv"
	"time"

	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/widget"

	"vmterminal/app"
	"vmterminal/widgets"
)

// usualEvery is what the form begins with for a VM without automatic snapshots.
const usualEvery = 30 * time.Minute

// askAutomatic asks how often snapshots of a VM are taken by themselves, and how
// many of these are kept.
func (w *window) askAutomatic(v app.VM) {
	set := v.Automatic.Automatic
	if !set.On() {
		set = app.Automatic{Every: usualEvery, Keep: app.DefaultAutomaticKeep}
	}
	every := widgets.NewField(textEvery(), app.FormatInterval(set.Every), textEveryHint(), "")
	every.Check = wrongInterval
	keep := numberField(textKeep(), set.Keep, 1, app.MaxAutomaticKeep, "", "")
	form := container.New(layout.NewCustomPaddedVBoxLayout(12), paragraph(textAutomaticAbout()),
		container.NewGridWithColumns(2, every, keep))
	if text, look := w.automaticNow(v); text != "" {
		now := widgets.NewText(text)
		now.Importance = look
		form.Add(widgets.NewParagraph(now))
	}

	var s *widgets.Sheet
	save := &widgets.SheetButton{Text: textTurnOn(), Default: true, OnTapped: func() {
		interval, _ := app.ParseInterval(every.Text()) // the field has checked it
		w.closeSheet(s)
		w.setAutomatic(v, app.Automatic{Every: interval, Keep: number(keep)})
	}}
	buttons := []*widgets.SheetButton{save}
	if v.Automatic.On() {
		save.Text = textSave()
		off := &widgets.SheetButton{Text: textTurnOff(), OnTapped: func() {
			w.closeSheet(s)
			w.setAutomatic(v, app.Automatic{})
		}}
		buttons = []*widgets.SheetButton{off, save}
	}
	s = w.openSheet(textAutomaticOf(v.Name), form, textCancel(), every.Entry(), buttons...)
	every.SelectAll()
	submitBy(s, every, keep)
	enableWhenValid(save, every, keep)
}

// automaticNow tells how a VM's automatic snapshots fare, "" where there is
// nothing to tell.
func (w *window) automaticNow(v app.VM) (text string, look widget.Importance) {
	switch a := v.Automatic; {
	case a.Failure != "":
		return textAutomaticFailed(v.Name, textAge(a.FailedAt, w.last.at), textTold(a.Why, a.Failure)), widget.DangerImportance
	case !a.Next.IsZero():
		return textNextAutomatic(day(a.Next)), widget.LowImportance
	case a.On():
		return textNextWhenRunning(), widget.LowImportance
	default:
		return "", widget.LowImportance
	}
}

func (w *window) setAutomatic(v app.VM, to app.Automatic) {
	if to == v.Automatic.Automatic {
		return
	}
	w.alter(func(ctx context.Context) error {
		_, err := w.svc.SetAutomatic(ctx, v.Name, to)
		return err
	})
}

// wrongInterval says what is wrong with an interval of automatic snapshots, or "".
func wrongInterval(text string) string {
	d, err := app.ParseInterval(text)
	if err != nil || d < app.MinAutomaticEvery || d > app.MaxAutomaticEvery {
		return textEveryBetween(app.FormatInterval(app.MinAutomaticEvery), app.FormatInterval(app.MaxAutomaticEvery))
	}
	return ""
}

// drawAutomatic draws the line about automatic snapshots above the timeline.
func (w *window) drawAutomatic() {
	line, a := w.parts.automatic, app.AutomaticState{}
	if v, ok := w.chosen(); ok {
		a = v.Automatic
	}
	if a.On() {
		line.Set(textAutomaticEvery(app.FormatInterval(a.Every), strconv.Itoa(a.Keep)))
	}
	if line.Visible() != a.On() {
		w.setVisible(line, a.On())
		w.parts.snapTitle.Refresh() // it makes room
	}
}

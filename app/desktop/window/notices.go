package window

import (
	"context"
	"slices"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/theme"

	"vmterminal/app"
	"vmterminal/app/desktop/words"
	"vmterminal/app/doctor"
	"vmterminal/app/hostcmd"
	"vmterminal/app/problem"
	"vmterminal/app/units"
	"vmterminal/assets"
	"vmterminal/widgets"
)

// noticeBar shows notices, one at a time, in a banner at the bottom of the window.
type noticeBar struct {
	*model

	svc                             hostChecker
	jobs                            *jobTracker
	askStorage, askUndo, askDiscard func()
	askRestore                      func()
	askAutomatic, resume            func(app.VM)

	banner *widgets.Banner
	// findings are the results of the last checks of the host.
	findings []doctor.Finding
	// notes are the notes from the Service.
	notes []problem.Note
	// closedNotices contains the IDs of the notices that the user has closed.
	closedNotices map[string]bool
}

// notice informs the user without requiring an answer. The banner shows the first notice that
// the user has not closed.
type notice struct {
	// id identifies the notice, so that a closed notice stays closed.
	id                string
	text              string
	icon              fyne.Resource
	button, other     string
	onButton, onOther func()
	// persistent notices are about the host and stay closed in later windows.
	persistent bool
}

// notices returns all current notices, the most serious first.
func (nb *noticeBar) notices() []notice {
	var list []notice
	for _, f := range nb.findings {
		if f.Status == doctor.Blocking && f.Code != doctor.StoreOtherOwner { // reported by a note from the Service
			list = append(list, nb.noticeOf(f))
		}
	}
	for _, n := range nb.notes {
		list = append(list, notice{id: string(n.Code) + "\n" + n.Path, text: words.Note(n), icon: theme.WarningIcon()})
	}
	list = append(list, nb.automaticNotices()...)
	if n, ok := nb.sourceNotice(); ok {
		list = append(list, n)
	}
	if n, ok := nb.undoNotice(); ok {
		list = append(list, n)
	}
	for _, f := range nb.findings {
		slow := f.Subject == doctor.SubjectAccelerator && f.Code != doctor.AccelUnknown
		if f.Status == doctor.Note && (slow || f.Subject == doctor.SubjectSpace) {
			list = append(list, nb.noticeOf(f))
		}
	}
	return list
}

// noticeOf returns the notice about a finding, with its first fix.
func (nb *noticeBar) noticeOf(f doctor.Finding) notice {
	n := notice{id: string(f.Subject), icon: theme.WarningIcon(), text: words.Finding(f)}
	if f.Subject == doctor.SubjectSpace {
		n.button, n.onButton = lang.L("Storage")+"…", nb.askStorage
		return n
	}
	if f.Subject == doctor.SubjectAccelerator && f.Status == doctor.Note {
		n.icon, n.persistent = theme.InfoIcon(), true
	}
	if len(f.Fixes) > 0 {
		n.text = words.WithFix(n.text, f.Fixes[0])
		if command, ok := hostcmd.Fix(f.Fixes[0]); ok {
			n.button, n.onButton = lang.L("Copy command"), func() { nb.app.Clipboard().SetContent(command) }
		}
	}
	n.text = app.Plain(n.text)
	n.other, n.onOther = lang.L("Check again"), nb.recheckHost
	return n
}

// undoNoticePeriod is how long after a restore the banner offers to undo it. The menu does
// so as long as the undo disk exists.
const undoNoticePeriod = 24 * time.Hour

func (nb *noticeBar) undoNotice() (notice, bool) {
	v, ok := nb.selected()
	undo := nb.last.undo
	if !ok || undo == nil || nb.last.at.Sub(undo.Since) > undoNoticePeriod || !nb.jobs.isIdle(v) {
		return notice{}, false
	}
	return notice{
		id:   v.Name + "\n" + undo.Since.Format(time.RFC3339Nano),
		text: undoOffer(v.Name, undo.Restored, words.Age(undo.Since, nb.last.at), units.Bytes(undo.Used)),
		icon: assets.RestoreIcon, button: lang.L("Undo restore") + "…", onButton: nb.askUndo,
		other: lang.L("Discard undo disk") + "…", onOther: nb.askDiscard,
	}, true
}

// sourceNotice returns the notice about a VM that is paused because a part of its disk cannot be
// read from the source.
func (nb *noticeBar) sourceNotice() (notice, bool) {
	v, ok := nb.selected()
	if !ok || v.PauseReason.Code != app.PauseSourceFailed || v.Filling == nil || !nb.jobs.isIdle(v) {
		return notice{}, false
	}
	n := notice{
		id:   v.Name + "\nsource\n" + v.Since.Format(time.RFC3339Nano),
		text: lang.L("{{.VM}} is paused: a part of its disk cannot be read from “{{.Name}}”. Repair that file and resume, or restore another snapshot.", words.Values{"VM": v.Name, "Name": v.Filling.Source}),
		icon: theme.WarningIcon(), button: lang.L("Resume"), onButton: func() { nb.resume(v) },
		other: lang.L("Restore another snapshot") + "…", onOther: nb.askRestore,
	}
	if nb.last.undo != nil {
		n.other, n.onOther = lang.L("Undo restore")+"…", nb.askUndo
	}
	return n, true
}

// automaticNotices returns notices about failed automatic snapshots of all VMs.
func (nb *noticeBar) automaticNotices() []notice {
	var list []notice
	for _, v := range nb.last.vms {
		a := v.Automatic
		if !a.Failed {
			continue
		}
		list = append(list, notice{
			id:   v.Name + "\nautomatic\n" + a.FailedAt.Format(time.RFC3339Nano),
			text: lang.L("The automatic snapshot of {{.VM}} failed {{.Age}}: {{.Why}}", words.Values{"VM": v.Name, "Age": words.Age(a.FailedAt, nb.last.at), "Why": words.StoredProblem(a.Problem, a.FailureText)}), icon: theme.WarningIcon(),
			button: lang.L("Automatic snapshots") + "…", onButton: func() { nb.askAutomatic(v) },
		})
	}
	return list
}

// addNote adds a note from the Service to the notices, unless it is already there.
func (nb *noticeBar) addNote(n problem.Note) {
	if !slices.Contains(nb.notes, n) {
		nb.notes = append(nb.notes, n)
		nb.draw()
	}
}

// build builds the banner. Notices can appear at any time, so space for them is reserved, and
// nothing moves under the pointer.
func (nb *noticeBar) build() fyne.CanvasObject {
	nb.banner = widgets.NewBanner()
	return container.NewStack(widgets.NewGap(0, nb.banner.MinSize().Height), nb.banner)
}

// draw shows the first notice that the user has not closed.
func (nb *noticeBar) draw() {
	b := nb.banner
	list := slices.DeleteFunc(nb.notices(), nb.isClosed)
	if len(list) == 0 {
		nb.setVisible(b, false)
		return
	}
	n := list[0]
	b.OnButton, b.OnOther = nb.unlessModal(n.onButton), nb.unlessModal(n.onOther) // a button without text is hidden
	b.OnClose = func() {
		nb.closedNotices[n.id] = true
		if n.persistent {
			nb.app.Preferences().SetString(prefNotice+n.id, n.text)
		}
		nb.draw()
		nb.focusMain()
	}
	b.Set(widgets.BannerItem{Text: n.text, Icon: n.icon, Button: n.button, Other: n.other})
	nb.setVisible(b, true)
}

// prefNotice is the prefix of the preferences with the texts of closed persistent notices.
const prefNotice = "closed."

// isClosed reports whether the user has closed a notice. A persistent notice stays closed in
// later windows too, until its text changes.
func (nb *noticeBar) isClosed(n notice) bool {
	return nb.closedNotices[n.id] || n.persistent && nb.app.Preferences().String(prefNotice+n.id) == n.text
}

// hostCheckInterval is how often the window checks that the host meets the requirements of
// VMs.
const hostCheckInterval = 5 * time.Minute

// watchHost checks the host until ctx is done. It must not be called on the main goroutine.
func (nb *noticeBar) watchHost(ctx context.Context) {
	tick := time.NewTicker(hostCheckInterval)
	defer tick.Stop()
	for {
		nb.runHostChecks(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// recheckHost checks the host again and shows closed notices again.
func (nb *noticeBar) recheckHost() {
	nb.closedNotices = map[string]bool{}
	go nb.runHostChecks(nb.ctx)
}

func (nb *noticeBar) runHostChecks(ctx context.Context) {
	found := nb.svc.Doctor(ctx)
	nb.ui(func() {
		nb.findings = found
		nb.draw()
	})
}

func undoOffer(vm, snapshot, age, size string) string {
	values := words.Values{"VM": vm, "Name": snapshot, "Age": age, "Size": size}
	if snapshot == "" {
		return lang.L("The disk of {{.VM}} was replaced {{.Age}}. The previous disk is kept ({{.Size}}).", values)
	}
	return lang.L("{{.VM}} was restored to “{{.Name}}” {{.Age}}. The previous disk is kept ({{.Size}}).", values)
}

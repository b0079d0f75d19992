//go:build !nogui

package desktop

import (
	"context"
	"slices"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"

	"vmterminal/app"
	"vmterminal/assets"
	"vmterminal/widgets"
)

// notice is something to know that no question waits for. The banner shows the
// first that the person has not taken away.
type notice struct {
	// id names it among all, so that it stays away once it was taken away.
	id            string
	text          string
	icon          fyne.Resource
	button, other string
	do, otherwise func()
	// lasting is of the host as it is, which nobody needs to be told twice.
	lasting bool
}

// notices are all that there is to know now, the gravest first.
func (w *window) notices() []notice {
	var list []notice
	for _, c := range w.checks {
		if n, ok := w.noticeOf(c); ok && c.State == app.CheckMissing {
			list = append(list, n)
		}
	}
	list = append(list, w.automaticNotices()...)
	if n, ok := w.undoNotice(); ok {
		list = append(list, n)
	}
	for _, c := range w.checks {
		if n, ok := w.noticeOf(c); ok && c.State == app.CheckNote {
			list = append(list, n)
		}
	}
	return list
}

// The names of Doctor's checks that the window tells of by itself.
const (
	checkQEMU        = "QEMU"
	checkAccelerator = "accelerator"
	checkSpace       = "space"
)

func (w *window) noticeOf(c app.Check) (notice, bool) {
	n := notice{id: c.Name, icon: theme.WarningIcon()}
	switch c.Name {
	case checkQEMU:
		n.text = textNoQEMU(c.Found, c.Mend)
	case checkAccelerator:
		_, why, _ := strings.Cut(c.Found, ": ")
		n.text, n.icon = textSlow(why), theme.InfoIcon()
		n.lasting = true
	case checkSpace:
		n.text, n.button, n.do = textLittleSpace(c.Found), textDots(textStorage()), w.askStorage
		return n, true
	default:
		return notice{}, false
	}
	if c.Mend != "" {
		n.button, n.do = textCopyCommand(), func() { w.app.Clipboard().SetContent(command(c.Mend)) }
	}
	n.other, n.otherwise = textLookAgain(), w.checkHost
	return n, true
}

// command is the part of advice that goes into a shell.
func command(mend string) string {
	if _, after, ok := strings.Cut(mend, ": "); ok {
		return after
	}
	return mend
}

// undoFor is how long after a restore the banner offers its undo by itself. The
// menu does for as long as the disk is kept.
const undoFor = 24 * time.Hour

func (w *window) undoNotice() (notice, bool) {
	v, ok := w.chosen()
	kept := w.last.undo
	if !ok || kept == nil || w.last.at.Sub(kept.Since) > undoFor || !w.idle(v) {
		return notice{}, false
	}
	return notice{
		id:   v.Name + "\n" + kept.Since.Format(time.RFC3339Nano),
		text: textUndoOffer(v.Name, kept.Restored, textAge(kept.Since, w.last.at), size(kept.Used)),
		icon: assets.RestoreIcon, button: textDots(textUndo()), do: w.askUndo,
		other: textDots(textDiscard()), otherwise: w.askDiscard,
	}, true
}

// automaticNotices tell of automatic snapshots that failed, of any VM.
func (w *window) automaticNotices() []notice {
	var list []notice
	for _, v := range w.last.vms {
		a := v.Automatic
		if a.Failure == "" {
			continue
		}
		list = append(list, notice{
			id:   v.Name + "\nautomatic\n" + a.FailedAt.Format(time.RFC3339Nano),
			text: textAutomaticFailed(v.Name, textAge(a.FailedAt, w.last.at), textTold(a.Why, a.Failure)), icon: theme.WarningIcon(),
			button: textDots(textAutomatic()), do: func() { w.askAutomatic(v) },
		})
	}
	return list
}

// drawBanner shows the first notice that was not taken away.
func (w *window) drawBanner() {
	b := w.parts.banner
	list := slices.DeleteFunc(w.notices(), w.wasClosed)
	if len(list) == 0 {
		w.setVisible(b, false)
		return
	}
	n := list[0]
	b.OnButton, b.OnOther = w.free(n.do), w.free(n.otherwise) // a button without a text is not there
	b.OnClose = func() {
		w.takenAway[n.id] = true
		if n.lasting {
			w.app.Preferences().SetString(prefNotice+n.id, n.text)
		}
		w.drawBanner()
		w.focusMain()
	}
	b.Set(widgets.BannerItem{Text: n.text, Icon: n.icon, Button: n.button, Other: n.other})
	w.setVisible(b, true)
}

// prefNotice begins the keys of lasting notices that were closed, each with the
// text that it had then.
const prefNotice = "closed."

// wasClosed tells whether the person has taken a notice away: a lasting one
// stays away, in the next window too, until it says something else.
func (w *window) wasClosed(n notice) bool {
	return w.takenAway[n.id] || n.lasting && w.app.Preferences().String(prefNotice+n.id) == n.text
}

// hostEvery is how often the window looks whether the host still has all that
// VMs need.
const hostEvery = 5 * time.Minute

// watchHost looks at the host until ctx ends. Not for the main goroutine.
func (w *window) watchHost(ctx context.Context) {
	tick := time.NewTicker(hostEvery)
	defer tick.Stop()
	for {
		w.lookAtHost(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// checkHost looks at the host anew, and says so where nothing has changed.
func (w *window) checkHost() {
	w.takenAway = map[string]bool{}
	go w.lookAtHost(w.ctx)
}

func (w *window) lookAtHost(ctx context.Context) {
	checks := w.svc.Doctor(ctx)
	w.ui(func() {
		w.checks = checks
		w.drawBanner()
	})
}

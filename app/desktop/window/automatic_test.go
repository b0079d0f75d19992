package window

import (
	"slices"
	"testing"
	"time"

	"fyne.io/fyne/v2"

	"vmterminal/app"
	"vmterminal/app/desktop/words"
)

func TestAutomaticSnapshotsOnAndOff(t *testing.T) {
	d := open(t, stopped("dev"))
	if d.timeline.automatic.Visible() {
		t.Errorf("automatic snapshots are off, but the line shows %q", d.timeline.automatic.Text)
	}
	d.do(d.vmDialogs.actions(), "Automatic snapshots…")
	d.awaitDialog("Automatic snapshots of dev")
	if slices.Contains(d.dialogTexts(), "Turn off") {
		t.Error("Turn off is offered while automatic snapshots are off")
	}
	d.key(fyne.KeyReturn)
	d.until("SetAutomatic", func() bool { return d.svc.hasCalled("SetAutomatic dev 30m0s 24") })
	d.until("the line about automatic snapshots", func() bool {
		return slices.Contains(texts(d.timeline.pane), "Automatic: every 30m, the newest 24")
	})

	d.do(d.vmDialogs.actions(), "Automatic snapshots…")
	d.awaitDialog("Automatic snapshots of dev")
	requireText(t, d.dialogTexts(), "once the VM is running")
	d.typeInto("Interval", "1d12h")
	d.typeInto("Snapshots to keep", "7")
	d.key(fyne.KeyReturn)
	d.until("the change", func() bool { return d.svc.hasCalled("SetAutomatic dev 36h0m0s 7") })
	d.until("the line about automatic snapshots", func() bool {
		return slices.Contains(texts(d.timeline.pane), "Automatic: every 1d12h, the newest 7")
	})

	d.do(d.vmDialogs.actions(), "Automatic snapshots…")
	d.awaitDialog("Automatic snapshots of dev")
	d.press("Turn off")
	d.until("the line to disappear", func() bool { return !d.timeline.automatic.Visible() })
	if !d.svc.hasCalled("SetAutomatic dev 0s 0") {
		t.Errorf("unexpected calls: %q", d.svc.calls)
	}
}

func TestInvalidIntervalsAreRejected(t *testing.T) {
	svc := stopped("dev")
	svc.vms[0].Automatic.Automatic = app.Automatic{Every: time.Hour, Keep: 3}
	d := open(t, svc)
	d.do(d.vmDialogs.actions(), "Automatic snapshots…")
	d.awaitDialog("Automatic snapshots of dev")
	for _, wrong := range []string{"", "soon", "30", "10s", "31d", "-1h"} {
		d.typeInto("Interval", wrong)
		requireText(t, d.dialogTexts(), "From 1m to 30d")
	}
	d.key(fyne.KeyReturn)
	if len(d.modal.dialogs) != 1 {
		t.Fatal("an invalid interval was accepted")
	}
	d.typeInto("Interval", "1h")
	d.key(fyne.KeyReturn)
	d.requireNoDialog()
	if d.svc.hasCalled("SetAutomatic dev 1h0m0s 3") {
		t.Error("SetAutomatic was called without a change")
	}
}

func TestFailedAutomaticSnapshotIsShown(t *testing.T) {
	svc := running(t, "dev", "web")
	svc.vms[1].Automatic = app.AutomaticState{
		Automatic: app.Automatic{Every: time.Hour, Keep: 3}, Failed: true, FailureText: "no room is left", FailedAt: time.Now().Add(-3 * time.Hour),
	}
	d := open(t, svc)
	const want = "The automatic snapshot of web failed 3 h ago: no room is left"
	requireText(t, texts(d.noticeBar.banner), want)
	d.press("Automatic snapshots…")
	d.awaitDialog("Automatic snapshots of web")
	requireText(t, d.dialogTexts(), want)
	d.key(fyne.KeyEscape)
	d.noticeBar.banner.OnClose()
	if d.noticeBar.banner.Visible() {
		t.Errorf("the notice was closed, but the banner shows %q", texts(d.noticeBar.banner))
	}
	svc.change(func() { svc.vms[1].Automatic.FailedAt = time.Now() })
	d.until("the next failure", func() bool { return d.noticeBar.banner.Visible() })
	svc.change(func() { svc.vms[1].Automatic.Failed = false })
	d.until("the banner to disappear", func() bool { return !d.noticeBar.banner.Visible() })
}

func TestNextAutomaticSnapshotIsShown(t *testing.T) {
	svc := running(t, "dev")
	next := time.Now().Add(20 * time.Minute)
	svc.vms[0].Automatic = app.AutomaticState{Automatic: app.Automatic{Every: time.Hour, Keep: 3}, Next: next}
	d := open(t, svc)
	d.do(d.vmDialogs.actions(), "Automatic snapshots…")
	d.awaitDialog("Automatic snapshots of dev")
	requireText(t, d.dialogTexts(), "Next snapshot: "+words.Date(next))
}

//go:build !nogui

package desktop

import (
	"slices"
	"testing"
	"time"

	"fyne.io/fyne/v2"

	"vmterminal/app"
)

func TestAutomaticSnapshotsAreTurnedOnAndOff(t *testing.T) {
	d := open(t, stopped("dev"))
	if d.parts.automatic.Visible() {
		t.Errorf("they are off, and it says %q", d.parts.automatic.Text)
	}
	d.do(d.vmActions(), "Automatic snapshots…")
	d.sheet("Automatic snapshots of dev")
	if slices.Contains(d.sheetTexts(), "Turn off") {
		t.Error("they are off already")
	}
	d.key(fyne.KeyReturn)
	d.until("them on", func() bool { return d.svc.hasCalled("SetAutomatic dev 30m0s 24") })
	d.until("that seen", func() bool { return slices.Contains(texts(d.parts.snapshots), "Automatic: every 30m, the newest 24") })

	d.do(d.vmActions(), "Automatic snapshots…")
	d.sheet("Automatic snapshots of dev")
	sees(t, d.sheetTexts(), "once the VM runs")
	d.typeInto("One every", "1d12h")
	d.typeInto("Keep the newest", "7")
	d.key(fyne.KeyReturn)
	d.until("the change", func() bool { return d.svc.hasCalled("SetAutomatic dev 36h0m0s 7") })
	d.until("that seen", func() bool { return slices.Contains(texts(d.parts.snapshots), "Automatic: every 1d12h, the newest 7") })

	d.do(d.vmActions(), "Automatic snapshots…")
	d.sheet("Automatic snapshots of dev")
	d.press("Turn off")
	d.until("them off", func() bool { return !d.parts.automatic.Visible() })
	if !d.svc.hasCalled("SetAutomatic dev 0s 0") {
		t.Errorf("calls: %q", d.svc.calls)
	}
}

func TestWrongIntervalsAreToldAtOnce(t *testing.T) {
	svc := stopped("dev")
	svc.vms[0].Automatic.Automatic = app.Automatic{Every: time.Hour, Keep: 3}
	d := open(t, svc)
	d.do(d.vmActions(), "Automatic snapshots…")
	d.sheet("Automatic snapshots of dev")
	for _, wrong := range []string{"", "soon", "30", "10s", "31d", "-1h"} {
		d.typeInto("One every", wrong)
		sees(t, d.sheetTexts(), "From 1m to 30d")
	}
	d.key(fyne.KeyReturn)
	if len(d.sheets) != 1 {
		t.Fatal("a wrong interval must not pass")
	}
	d.typeInto("One every", "1h")
	d.key(fyne.KeyReturn)
	d.noSheet()
	if d.svc.hasCalled("SetAutomatic dev 1h0m0s 3") {
		t.Error("nothing was changed, and yet it was set")
	}
}

func TestFailedAutomaticSnapshotIsTold(t *testing.T) {
	svc := running(t, "dev", "web")
	svc.vms[1].Automatic = app.AutomaticState{
		Automatic: app.Automatic{Every: time.Hour, Keep: 3}, Failure: "no room is left", FailedAt: time.Now().Add(-3 * time.Minute),
	}
	d := open(t, svc)
	const says = "The automatic snapshot of web failed 3 min ago: no room is left"
	sees(t, texts(d.parts.banner), says)
	d.press("Automatic snapshots…")
	d.sheet("Automatic snapshots of web")
	sees(t, d.sheetTexts(), says)
	d.key(fyne.KeyEscape)
	d.parts.banner.OnClose()
	if d.parts.banner.Visible() {
		t.Errorf("it was closed, and says %q", texts(d.parts.banner))
	}
	svc.change(func() { svc.vms[1].Automatic.FailedAt = time.Now() })
	d.until("the next failure", func() bool { return d.parts.banner.Visible() })
	svc.change(func() { svc.vms[1].Automatic.Failure = "" })
	d.until("all well", func() bool { return !d.parts.banner.Visible() })
}

func TestNextAutomaticSnapshotIsTold(t *testing.T) {
	svc := running(t, "dev")
	next := time.Now().Add(20 * time.Minute)
	svc.vms[0].Automatic = app.AutomaticState{Automatic: app.Automatic{Every: time.Hour, Keep: 3}, Next: next}
	d := open(t, svc)
	d.do(d.vmActions(), "Automatic snapshots…")
	d.sheet("Automatic snapshots of dev")
	sees(t, d.sheetTexts(), "due on "+day(next))
}

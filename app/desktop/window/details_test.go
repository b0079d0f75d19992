package window

import (
	"testing"
	"time"

	"fyne.io/fyne/v2"

	"vmterminal/app/doctor"
)

// requireDetailsFit fails unless the details have the height they need and end above the
// banner.
func (d *desk) requireDetailsFit(when string) {
	d.t.Helper()
	if got, need := d.timeline.details.box.Size().Height, d.timeline.details.box.MinSize().Height; got != need {
		d.t.Errorf("%s: height of the details: got %v, want %v", when, got, need)
	}
	at := d.app.Driver().AbsolutePositionForObject
	end, line := at(d.timeline.details.restore).Y+d.timeline.details.restore.Size().Height, at(d.noticeBar.banner).Y
	if end > line {
		d.t.Errorf("%s: the buttons end at %v, below the top of the banner at %v", when, end, line)
	}
}

func TestDetailsGrowUpwards(t *testing.T) {
	svc := snapshotted(running(t, "dev"), "short", "long")
	svc.vms[0].UndoUsed, svc.undoSince = 1<<20, time.Now()
	long := &svc.snapshots["dev"][1]
	long.Digest, long.Pinned, long.VerifiedAt, long.Frees = "sha256:0f1e2d3c", true, time.Now(), 1<<20
	svc.findings = []doctor.Finding{{Subject: doctor.SubjectSpace, Status: doctor.Note, Code: doctor.SpaceLow, Args: doctor.Args{Free: 1 << 30, Total: 9 << 30}}}
	svc.jobSteps = make(chan struct{})
	d := open(t, svc)
	d.snapshotDialogs.quickSnapshot("dev")
	t.Cleanup(func() { close(svc.jobSteps) })
	d.until("the job bar and the banner", func() bool { return d.jobBar.Visible() && d.noticeBar.banner.Visible() })
	d.timeline.list.SetCurrent("short")
	d.relayout(look{width: 1180, height: 740, scale: 1})
	d.requireDetailsFit("chosen")
	d.timeline.list.SetCurrent("long")
	d.requireDetailsFit("with more facts")
	d.timeline.details.name.Edit()
	d.requireDetailsFit("with an entry")
	d.key(fyne.KeyEscape)
	d.requireDetailsFit("without it")
	d.timeline.list.SetCurrent("short")
	d.requireDetailsFit("with fewer facts")
}

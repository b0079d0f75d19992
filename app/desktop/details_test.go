//go:build !nogui

package desktop

import (
	"testing"
	"time"

	"fyne.io/fyne/v2"

	"vmterminal/app"
)

// fits fails unless the details have the height that they need, and end above
// the lines across the window.
func (d *desk) fits(when string) {
	d.t.Helper()
	p := &d.parts
	if got, need := p.details.Size().Height, p.details.MinSize().Height; got != need {
		d.t.Errorf("%s: the details are %v high, and need %v", when, got, need)
	}
	at := d.app.Driver().AbsolutePositionForObject
	end, line := at(p.restore).Y+p.restore.Size().Height, at(p.banner).Y
	if end > line {
		d.t.Errorf("%s: the buttons end at %v, under the banner at %v", when, end, line)
	}
}

func TestDetailsGrowUpwards(t *testing.T) {
	svc := snapshotted(running(t, "dev"), "short", "long")
	svc.vms[0].UndoUsed, svc.undoSince = 1<<20, time.Now()
	long := &svc.snapshots["dev"][1]
	long.Digest, long.Pinned, long.VerifiedAt, long.Frees = "sha256:0f1e2d3c", true, time.Now(), 1<<20
	svc.checks = []app.Check{{Name: checkSpace, State: app.CheckNote, Found: "1 GB is free"}}
	svc.jobSteps = make(chan struct{})
	d := open(t, svc)
	d.quickSnapshot("dev")
	t.Cleanup(func() { close(svc.jobSteps) })
	d.until("both lines", func() bool { return d.parts.jobBar.Visible() && d.parts.banner.Visible() })
	d.parts.timeline.Choose("short")
	d.relayout(look{width: 1180, height: 740, scale: 1})
	d.fits("chosen")
	d.parts.timeline.Choose("long")
	d.fits("with more facts")
	d.parts.detailName.Edit()
	d.fits("with an entry")
	d.key(fyne.KeyEscape)
	d.fits("without it")
	d.parts.timeline.Choose("short")
	d.fits("with fewer facts")
}

package window

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	fyneapp "fyne.io/fyne/v2/app"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"vmterminal/app"
	"vmterminal/assets"
)

// The size of a store that is larger than any real one.
const (
	manyVMs       = 200
	manySnapshots = 500
)

// notch is the distance of one notch of the mouse wheel.
const notch = 40

func largeStore() *fakeService {
	f := &fakeService{snapshots: map[string][]app.Snapshot{}}
	now := time.Now()
	for v := range manyVMs {
		name := fmt.Sprintf("vm-%03d", v)
		f.vms = append(f.vms, app.VM{Name: name, Active: v == 0, State: app.Stopped, DiskSize: 10 << 30, DiskUsed: int64(v) << 20})
		for s := range manySnapshots {
			f.snapshots[name] = append(f.snapshots[name], app.Snapshot{
				Name: fmt.Sprintf("snapshot-%03d", s), Description: fmt.Sprint("Before step ", s), VM: name,
				Created: now.Add(-time.Duration(s) * time.Hour), DiskSize: 10 << 30, FileSize: int64(s) << 20, Taken: "frozen", State: "ok",
			})
		}
	}
	return f
}

// scrolls measures scrolling a list down and up by one notch at a time. It measures the layout
// of the rows or, if painted is set, the whole frame.
func scrolls(b *testing.B, list func(*desk) *widget.List, painted bool) {
	d := openLook(b, largeStore(), look{theme.VariantDark, 1280, 800, 1})
	d.relayout(look{theme.VariantDark, 1280, 800, 1})
	l := list(d)
	at, by := float32(0), float32(notch)
	for b.Loop() {
		l.ScrollToOffset(at + by)
		now := l.GetScrollOffset()
		if now == at {
			by = -by // reached an end
		}
		at = now
		if painted {
			d.win.Canvas().Capture()
		}
	}
	if at == 0 && b.N > 1 {
		b.Fatal("the list did not scroll")
	}
}

func vmList(d *desk) *widget.List       { return &d.sidebar.vms.List }
func timelineList(d *desk) *widget.List { return &d.timeline.list.List }

func BenchmarkScrollVMs(b *testing.B)              { scrolls(b, vmList, false) }
func BenchmarkScrollSnapshots(b *testing.B)        { scrolls(b, timelineList, false) }
func BenchmarkScrollVMsPainted(b *testing.B)       { scrolls(b, vmList, true) }
func BenchmarkScrollSnapshotsPainted(b *testing.B) { scrolls(b, timelineList, true) }

// BenchmarkPaintedFew measures a frame with one VM and no snapshots.
func BenchmarkPaintedFew(b *testing.B) {
	d := openLook(b, stopped("dev"), look{theme.VariantDark, 1280, 800, 1})
	for b.Loop() {
		d.win.Canvas().Capture()
	}
}

// largeStoreWindow opens a real window on a large store. It scrolls both lists and prints for
// each frame the microseconds spent on the main goroutine.
func largeStoreWindow() {
	a := fyneapp.NewWithID("vmterminal.test")
	a.Settings().SetTheme(assets.Theme{})
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	ui := onMain(ctx)
	w := newWindow(ctx, a, largeStore(), "test", ui)
	w.win.Resize(fyne.NewSize(realWidth, realHeight))
	w.start()
	go func() {
		for step := range 300 {
			began, drawn := time.Now(), make(chan struct{})
			ui(func() {
				w.sidebar.vms.ScrollToOffset(float32(step%100) * notch)
				w.timeline.list.ScrollToOffset(float32(step) * notch)
			})
			ui(func() { close(drawn) })
			<-drawn
			fmt.Println(time.Since(began).Microseconds())
			time.Sleep(time.Second / 60) // about the speed of a wheel
		}
		ui(a.Quit)
	}()
	w.win.ShowAndRun()
}

func BenchmarkScrollRealWindow(b *testing.B) {
	var all []int
	d := newRealDisplay(b)
	for b.Loop() {
		for _, line := range lines(d.open("large-store")) {
			var took int
			numbers(b, line, &took)
			all = append(all, took)
		}
	}
	if len(all) == 0 {
		b.Fatal("no frame was drawn")
	}
	slices.Sort(all)
	b.ReportMetric(float64(all[len(all)/2])/1000, "ms-median")
	b.ReportMetric(float64(all[len(all)*95/100])/1000, "ms-95th")
	b.ReportMetric(float64(all[len(all)-1])/1000, "ms-worst")
}

// BenchmarkReading measures a reading that finds no changes.
func BenchmarkReading(b *testing.B) {
	d := openLook(b, largeStore(), look{theme.VariantDark, 1280, 800, 1})
	r := d.last
	for b.Loop() {
		r.at = r.at.Add(time.Second)
		d.show(r)
	}
}

// BenchmarkSelecting measures selecting one VM after another.
func BenchmarkSelecting(b *testing.B) {
	svc := largeStore()
	d := openLook(b, svc, look{theme.VariantDark, 1280, 800, 1})
	for n := 0; b.Loop(); n++ {
		r := d.last
		r.selected = svc.vms[n%manyVMs].Name
		r.snapshots = svc.snapshots[r.selected]
		d.last.selected = r.selected
		d.show(r)
	}
}

package window

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/widget"

	"vmterminal/app"
	"vmterminal/app/desktop/words"
	"vmterminal/app/units"
	"vmterminal/widgets"
)

// storageDialogs opens the dialogs about disk usage and past jobs.
type storageDialogs struct {
	*model

	svc storageService
	// showSnapshots shows the snapshots of the selected VM.
	showSnapshots func()
}

// askStorage shows the disk usage of each VM and snapshot, the free space, and the space
// that deleting would free.
func (st *storageDialogs) askStorage() {
	var all app.Storage
	st.call(func(ctx context.Context) (err error) {
		all, err = st.svc.Storage(ctx)
		return err
	}, func(err error) {
		if !st.modal.showError(err) {
			st.unlessModal(func() { st.showStorage(all) })()
		}
	})
}

func (st *storageDialogs) showStorage(all app.Storage) {
	rows := container.New(layout.NewCustomPaddedVBoxLayout(14))
	vms, more := largest(all.VMs, maxVMs, app.VMStorage.Total)
	largestTotal := int64(0)
	for _, v := range vms {
		largestTotal = max(largestTotal, v.Total())
	}
	for _, v := range vms {
		rows.Add(st.storageRow(v, largestTotal))
	}
	if more > 0 {
		rows.Add(widgets.NewCaption(lang.L("{{.N}} more…", words.Values{"N": more})))
	}
	room := lang.L("{{.Free}} of {{.Total}} free on the disk that stores VMs and snapshots.", words.Values{"Free": units.Bytes(all.Free), "Total": units.Bytes(all.Total)})
	if all.ImageBytes > 0 {
		room += "\n" + lang.L("Cached images use {{.Size}}.", words.Values{"Size": units.Bytes(all.ImageBytes)})
	}
	body := container.New(layout.NewCustomPaddedVBoxLayout(12), paragraph(room), st.modal.scrollable(rows))
	st.modal.openDialog(lang.L("Storage"), body, lang.L("Close"), nil)
}

// The maximum number of VMs, and of snapshots of each VM, that the dialog lists. Drawing
// more rows would be slow, and the largest ones matter most.
const (
	maxVMs       = 20
	maxSnapshots = 8
)

// largest returns the largest elements of a list, at most limit, and the number of remaining
// elements.
func largest[T any](list []T, limit int, size func(T) int64) (top []T, more int) {
	if len(list) <= limit {
		return list, 0
	}
	top = slices.Clone(list)
	slices.SortStableFunc(top, func(a, b T) int { return cmp.Compare(size(b), size(a)) })
	return top[:limit], len(list) - limit
}

// storageRow returns a row with the disk usage of a VM. The bar is relative to the VM that uses
// the most space.
func (st *storageDialogs) storageRow(v app.VMStorage, largestTotal int64) fyne.CanvasObject {
	takes := widgets.NewCaption(units.Bytes(v.Total()))
	takes.Whole = true
	bar := widgets.NewBar()
	if largestTotal > 0 {
		bar.Set(float64(v.Total()) / float64(largestTotal))
	}
	facts := widgets.NewFacts()
	facts.LabelWidth = 200
	list := []widgets.Fact{
		{Label: lang.L("Problem"), Value: words.StoredProblem(v.Problem, "")},
		{Label: lang.L("Disk"), Value: units.Bytes(v.Disk)},
	}
	if v.Undo > 0 {
		list = append(list, widgets.Fact{Label: lang.L("Undo disk"), Value: lang.L("{{.Takes}}, deleting it frees {{.Frees}}", words.Values{"Takes": units.Bytes(v.Undo), "Frees": units.Bytes(v.Undo)})})
	}
	snapshots, more := largest(v.Snapshots, maxSnapshots, func(s app.Snapshot) int64 { return s.Frees })
	for _, s := range snapshots {
		if s.FileSize > 0 {
			list = append(list, widgets.Fact{Label: s.Name, Value: lang.L("{{.Takes}}, deleting it frees {{.Frees}}", words.Values{"Takes": units.Bytes(s.FileSize), "Frees": units.Bytes(s.Frees)})})
		}
	}
	if more > 0 {
		list = append(list, widgets.Fact{Label: lang.L("Snapshots"), Value: lang.L("{{.N}} more…", words.Values{"N": more})})
	}
	facts.Set(list)
	name := widgets.NewBold(fmt.Sprintf("%s  ·  %s", v.VM, lang.N("{{.N}} snapshots", len(v.Snapshots), words.Values{"N": len(v.Snapshots)})))
	look := widgets.NewKeyButton(lang.L("Show"), nil, func() {
		st.modal.closeAll()
		st.selectVM(v.VM)
		st.showSnapshots()
	})
	look.Importance = widget.LowImportance
	head := container.NewBorder(nil, nil, nil, container.NewHBox(widgets.NewMiddle(takes), look), widgets.NewMiddle(name))
	return container.New(layout.NewCustomPaddedVBoxLayout(5), head, bar, facts)
}

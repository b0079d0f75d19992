//go:build !nogui

package desktop

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/widget"

	"vmterminal/app"
	"vmterminal/widgets"
)

// askStorage shows what each VM and snapshot takes, what is free, and what
// deleting would give back.
func (w *window) askStorage() {
	var all app.Storage
	w.call(func(ctx context.Context) (err error) {
		all, err = w.svc.Storage(ctx)
		return err
	}, func(err error) {
		if !w.fail(err) {
			w.free(func() { w.tellStorage(all) })()
		}
	})
}

func (w *window) tellStorage(all app.Storage) {
	rows := container.New(layout.NewCustomPaddedVBoxLayout(14))
	vms, more := largest(all.VMs, mostVMs, app.VMStorage.Takes)
	most := int64(0)
	for _, v := range vms {
		most = max(most, v.Takes())
	}
	for _, v := range vms {
		rows.Add(w.storageRow(v, most))
	}
	if more > 0 {
		rows.Add(widgets.NewCaption(textMore(more)))
	}
	room := textFree(size(all.Free), size(all.Total))
	if all.Images > 0 {
		room += "\n" + textImagesTake(size(all.Images))
	}
	body := container.New(layout.NewCustomPaddedVBoxLayout(12), paragraph(room), w.scrolling(rows))
	w.openSheet(textStorage(), body, textClose(), nil)
}

// How many VMs, and snapshots of each, stand on the sheet: every line costs time,
// and what takes the space is among the largest.
const (
	mostVMs   = 20
	mostFiles = 8
)

// largest are the largest of a list that has more than most, and how many are
// left out; a shorter one stays as it is.
func largest[T any](list []T, most int, size func(T) int64) (kept []T, more int) {
	if len(list) <= most {
		return list, 0
	}
	kept = slices.Clone(list)
	slices.SortStableFunc(kept, func(a, b T) int { return cmp.Compare(size(b), size(a)) })
	return kept[:most], len(list) - most
}

// storageRow is what one VM takes: a line with a bar, which is full for the one that
// takes the most, and below it its parts.
func (w *window) storageRow(v app.VMStorage, most int64) fyne.CanvasObject {
	takes := widgets.NewCaption(size(v.Takes()))
	takes.Whole = true
	bar := widgets.NewBar()
	if most > 0 {
		bar.Set(float64(v.Takes()) / float64(most))
	}
	facts := widgets.NewFacts()
	facts.LabelWidth = 200
	list := []widgets.Fact{
		{Label: textFactTrouble(), Value: app.Plain(textTold(v.Why, v.Problem))},
		{Label: textDisk(), Value: size(v.Disk)},
	}
	if v.Undo > 0 {
		list = append(list, widgets.Fact{Label: textKeptForUndo(), Value: textGivesBack(size(v.Undo), size(v.Undo))})
	}
	snapshots, more := largest(v.Snapshots, mostFiles, func(s app.Snapshot) int64 { return s.Frees })
	for _, s := range snapshots {
		if s.FileSize > 0 {
			list = append(list, widgets.Fact{Label: s.Name, Value: textGivesBack(size(s.FileSize), size(s.Frees))})
		}
	}
	if more > 0 {
		list = append(list, widgets.Fact{Label: textSnapshots(), Value: textMore(more)})
	}
	facts.Set(list)
	name := widgets.NewBold(fmt.Sprintf("%s  ·  %s", v.VM, textSnapshotsCount(len(v.Snapshots))))
	look := widgets.NewKeyButton(textShow(), nil, func() {
		w.dismissAll()
		w.choose(v.VM)
		w.goSnapshots()
	})
	look.Importance = widget.LowImportance
	head := container.NewBorder(nil, nil, nil, container.NewHBox(widgets.NewMiddle(takes), look), widgets.NewMiddle(name))
	return container.New(layout.NewCustomPaddedVBoxLayout(5), head, bar, facts)
}

// dismissAll closes every sheet.
func (w *window) dismissAll() {
	for len(w.sheets) > 0 {
		w.closeSheet(w.sheets[len(w.sheets)-1])
	}
}

//go:build !nogui

package desktop

import (
	"context"

	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/widget"

	"vmterminal/app"
	"vmterminal/app/ondisk"
	"vmterminal/widgets"
)

// askDeleteVM asks before a VM is deleted; for one with snapshots its name must
// be typed.
func (w *window) askDeleteVM(v app.VM) {
	if v.State.Alive() {
		w.tell(textStopFirstTitle(v.Name), textStopFirst())
		return
	}
	data := widgets.NewKeyCheck(textDeleteData(v.Snapshots, size(v.DiskUsed)), nil)
	body := container.New(layout.NewCustomPaddedVBoxLayout(10), paragraph(textDeleteVMAbout()), data)

	var s *widgets.Sheet
	del := &widgets.SheetButton{Text: textDeleteVM(), Look: widget.DangerImportance, OnTapped: func() {
		w.closeSheet(s)
		w.deleteVM(v.Name, data.Checked)
	}}
	if v.Snapshots == 0 {
		s = w.openSheet(textDeleteVMTitle(v.Name), body, textCancel(), nil, del)
		return
	}
	name := widgets.NewField(textTypeName(v.Name), "", "", "")
	body.Add(name)
	s = w.openSheet(textDeleteVMTitle(v.Name), body, textCancel(), name.Entry(), del)
	del.SetEnabled(false)
	name.OnEscape = s.Dismiss
	name.OnChanged = func() { del.SetEnabled(ondisk.SameName(typedName(name.Text()), v.Name)) }
}

func (w *window) deleteVM(name string, data bool) {
	w.alter(func(ctx context.Context) error { return w.svc.DeleteVM(ctx, name, data) })
}

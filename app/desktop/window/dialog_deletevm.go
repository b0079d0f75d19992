package window

import (
	"context"

	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/widget"

	"vmterminal/app"
	"vmterminal/app/desktop/words"
	"vmterminal/app/units"
	"vmterminal/snapshot/durable"
	"vmterminal/widgets"
)

// askDeleteVM asks before a VM is deleted. If the VM has snapshots, its name must be typed.
func (vd *vmDialogs) askDeleteVM(v app.VM) {
	if v.State.Alive() {
		vd.modal.showMessage(lang.L("{{.VM}} is running", words.Values{"VM": v.Name}), lang.L("Stop the VM before you delete it."))
		return
	}
	data := widgets.NewKeyCheck(deleteDataLabel(v.Snapshots, units.Bytes(v.DiskUsed)), nil)
	body := container.New(layout.NewCustomPaddedVBoxLayout(10), paragraph(lang.L("The VM is removed from the list. Unless you also delete its data, its folder is kept, and a new VM of this name can reuse it.")), data)

	var d *widgets.Dialog
	del := &widgets.DialogButton{Text: lang.L("Delete VM"), Importance: widget.DangerImportance, OnTapped: func() {
		vd.modal.closeDialog(d)
		vd.deleteVM(v.Name, data.Checked)
	}}
	if v.Snapshots == 0 {
		d = vd.modal.openDialog(lang.L("Delete VM “{{.Name}}”?", words.Values{"Name": v.Name}), body, lang.L("Cancel"), nil, del)
		return
	}
	name := widgets.NewField(lang.L("This VM has snapshots. Type “{{.Name}}” to confirm", words.Values{"Name": v.Name}), "", "", "")
	body.Add(name)
	d = vd.modal.openDialog(lang.L("Delete VM “{{.Name}}”?", words.Values{"Name": v.Name}), body, lang.L("Cancel"), name.Entry(), del)
	del.SetEnabled(false)
	name.OnEscape = d.Dismiss
	name.OnChanged = func() { del.SetEnabled(durable.SameName(typedName(name.Text()), v.Name)) }
}

func (vd *vmDialogs) deleteVM(name string, data bool) {
	vd.mutate(func(ctx context.Context) error { return vd.svc.DeleteVM(ctx, name, data) })
}

func deleteDataLabel(snapshots int, size string) string {
	if snapshots == 0 {
		return lang.L("Also permanently delete its disk ({{.Size}})", words.Values{"Size": size})
	}
	return lang.L("Also permanently delete its disk ({{.Size}}) and {{.N}} snapshots", words.Values{"Size": size, "N": snapshots})
}

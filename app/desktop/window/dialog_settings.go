package window

import (
	"context"
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/layout"

	"vmterminal/app"
	"vmterminal/app/desktop/words"
	"vmterminal/widgets"
)

// askSettings lets the user change the settings of a VM. Settings that cannot be changed while
// the VM runs are disabled.
func (vd *vmDialogs) askSettings(v app.VM) {
	var host app.HostSize
	vd.call(func(context.Context) error {
		host = vd.svc.HostSize()
		return nil
	}, func(error) { vd.unlessModal(func() { vd.openSettings(host, v) })() })
}

func (vd *vmDialogs) openSettings(host app.HostSize, v app.VM) {
	f := vd.newSettingsForm(host, v)
	var d *widgets.Dialog
	save := &widgets.DialogButton{Text: lang.L("Save"), Default: true, OnTapped: func() {
		vd.modal.closeDialog(d)
		vd.changeVM(v, f)
	}}
	d = vd.modal.openDialog(lang.L("Settings of {{.VM}}", words.Values{"VM": v.Name}), f.body, lang.L("Cancel"), f.name.Entry(), save)
	submitBy(d, f.fields()...)
	enableWhenValid(save, f.fields()...)
}

// settingsForm contains the fields of the settings dialog.
type settingsForm struct {
	name, cpus, memory, disk *widgets.Field
	accel                    *widgets.KeySelect
	network                  *networkForm
	shares                   *sharesForm
	body                     fyne.CanvasObject
}

func (f *settingsForm) fields() []*widgets.Field {
	return []*widgets.Field{f.name, f.cpus, f.memory, f.disk, f.network.ports}
}

func (vd *vmDialogs) newSettingsForm(host app.HostSize, v app.VM) *settingsForm {
	diskMB := int(v.DiskSize >> 20)
	f := &settingsForm{
		name:    widgets.NewField(lang.L("Name"), v.Name, lang.L("Letters, digits, '.', '_' and '-'"), ""),
		cpus:    numberField(lang.L("CPUs"), v.CPUs, 1, app.MaxCPUs, hostCPUs(host), ""),
		memory:  numberField(lang.L("Memory"), v.MemoryMB, app.MinMemoryMB, app.MaxMemoryMB, hostMemory(host), "MiB"),
		disk:    numberField(lang.L("Disk"), diskMB, diskMB, app.MaxDiskSizeMB, lang.L("Can only be increased"), "MiB"),
		accel:   widgets.NewKeySelect(accelerators, nil),
		network: newNetworkForm(v),
		shares:  newSharesForm(vd.chooseFolder, v),
	}
	f.name.Check = func(text string) string {
		others := slices.DeleteFunc(vd.vmNames(), func(n string) bool { return n == v.Name })
		return words.NameProblem(typedName(text), others)
	}
	f.accel.Selected = v.Accel
	note := lang.L("Changes take effect at the next start.")
	if v.State.Alive() {
		note = lang.L("Changes to CPUs, memory, accelerator, network and shared folders take effect at the next start. The name and disk can be changed while the VM is stopped.")
		if v.ForwardsLive() {
			note = lang.L("Forwarded ports take effect at once; CPUs, memory, accelerator, isolation and shared folders at the next start. The name and disk can be changed while the VM is stopped.")
		}
		f.name.Disable()
		f.disk.Disable()
	}
	accel := container.New(layout.NewCustomPaddedVBoxLayout(4), widgets.NewLine(lang.L("Accelerator")), f.accel)
	rows := container.New(layout.NewCustomPaddedVBoxLayout(12), f.name,
		container.NewGridWithColumns(3, f.cpus, f.memory, f.disk), accel, f.network.body, f.shares.body, paragraph(note))
	if v.UEFI {
		rows.Add(paragraph(lang.L("The guest boots with UEFI firmware.")))
	}
	f.body = vd.modal.scrollable(rows)
	return f
}

// changeVM applies the settings in a form to a VM. It renames the VM last, so that the
// other changes still find it under its old name.
func (vd *vmDialogs) changeVM(v app.VM, f *settingsForm) {
	cpus, memory, disk, accel := number(f.cpus), number(f.memory), number(f.disk), f.accel.Selected
	to := app.VMSettings{CPUs: changed(v.CPUs, cpus), MemoryMB: changed(v.MemoryMB, memory), Accel: changed(v.Accel, accel)}
	to.DiskSizeMB = changed(int(v.DiskSize>>20), disk)
	f.network.addChanges(v, &to)
	f.shares.addChanges(v, &to)
	name := typedName(f.name.Text())
	vd.mutate(func(ctx context.Context) error {
		if !to.Empty() {
			if _, err := vd.svc.SetVM(ctx, v.Name, to); err != nil {
				return err
			}
		}
		if name == v.Name {
			return nil
		}
		_, err := vd.svc.RenameVM(ctx, v.Name, name)
		if err == nil {
			vd.reader.selectVM(name)
		}
		return err
	})
}

// changed returns a pointer to the new value of a setting, or nil if it has not changed.
func changed[T comparable](old, value T) *T {
	if old == value {
		return nil
	}
	return &value
}

// accelerators are the values to select from; the first is the default.
var accelerators = []string{"auto", "kvm", "tcg"}

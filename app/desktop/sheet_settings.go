//go:build !nogui

package desktop

import (
	"context"
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"

	"vmterminal/app"
	"vmterminal/widgets"
)

// askSettings shows what a VM is given, and changes it. What needs a stop
// cannot be changed while it runs, and says so.
func (w *window) askSettings(v app.VM) {
	var host app.HostSize
	w.call(func(context.Context) error {
		host = w.svc.HostSize()
		return nil
	}, func(error) { w.free(func() { w.askSettingsOn(host, v) })() })
}

func (w *window) askSettingsOn(host app.HostSize, v app.VM) {
	f := newSettingsForm(w, host, v)
	var s *widgets.Sheet
	save := &widgets.SheetButton{Text: textSave(), Default: true, OnTapped: func() {
		w.closeSheet(s)
		w.changeVM(v, f)
	}}
	s = w.openSheet(textSettingsOf(v.Name), f.body, textCancel(), f.name.Entry(), save)
	submitBy(s, f.fields()...)
	enableWhenValid(save, f.fields()...)
}

// settingsForm is the fields of a VM's settings.
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

func newSettingsForm(w *window, host app.HostSize, v app.VM) *settingsForm {
	diskMB := int(v.DiskSize >> 20)
	f := &settingsForm{
		name:    widgets.NewField(textName(), v.Name, textNameHint(), ""),
		cpus:    numberField(textCPUs(), v.CPUs, 1, app.MaxCPUs, hostCPUs(host), ""),
		memory:  numberField(textMemory(), v.MemoryMB, app.MinMemoryMB, app.MaxMemoryMB, hostMemory(host), "MB"),
		disk:    numberField(textDisk(), diskMB, diskMB, app.MaxDiskSizeMB, textDiskGrows(), "MB"),
		accel:   widgets.NewKeySelect(accelerators, nil),
		network: newNetworkForm(v),
		shares:  newSharesForm(w, v),
	}
	f.name.Check = func(text string) string {
		others := slices.DeleteFunc(w.vmNames(), func(n string) bool { return n == v.Name })
		return wrongName(typedName(text), others)
	}
	f.accel.Selected = v.Accel
	note := textSettingsStopped()
	if v.State.Alive() {
		note = textSettingsRunning()
		if v.ForwardsLive() {
			note = textSettingsRunningLive()
		}
		f.name.Disable()
		f.disk.Disable()
	}
	accel := container.New(layout.NewCustomPaddedVBoxLayout(4), widgets.NewLine(textAccelerator()), f.accel)
	rows := container.New(layout.NewCustomPaddedVBoxLayout(12), f.name,
		container.NewGridWithColumns(3, f.cpus, f.memory, f.disk), accel, f.network.body, f.shares.body, paragraph(note))
	if v.UEFI {
		rows.Add(paragraph(textStartsByUEFI()))
	}
	f.body = w.scrolling(rows)
	return f
}

// changeVM gives a VM the settings in a form: its name last, so that all the
// rest is meant for the VM that the form was opened for.
func (w *window) changeVM(v app.VM, f *settingsForm) {
	cpus, memory, disk, accel := number(f.cpus), number(f.memory), number(f.disk), f.accel.Selected
	to := app.VMSettings{CPUs: changed(v.CPUs, cpus), MemoryMB: changed(v.MemoryMB, memory), Accel: changed(v.Accel, accel)}
	to.DiskSizeMB = changed(int(v.DiskSize>>20), disk)
	f.network.change(v, &to)
	f.shares.change(v, &to)
	name := typedName(f.name.Text())
	w.alter(func(ctx context.Context) error {
		if !to.Empty() {
			if _, err := w.svc.SetVM(ctx, v.Name, to); err != nil {
				return err
			}
		}
		if name == v.Name {
			return nil
		}
		_, err := w.svc.RenameVM(ctx, v.Name, name)
		if err == nil {
			w.reader.choose(name)
		}
		return err
	})
}

// changed is the new value of a setting, nil if it is the old one.
func changed[T comparable](was, is T) *T {
	if was == is {
		return nil
	}
	return &is
}

// accelerators are what can be asked for; the first is the usual one.
var accelerators = []string{"auto", "kvm", "tcg"}

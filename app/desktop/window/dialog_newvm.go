package window

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/layout"

	"vmterminal/app"
	"vmterminal/app/desktop/words"
	"vmterminal/app/units"
	"vmterminal/widgets"
)

// vmDialogs opens the dialogs that create, change and delete VMs.
type vmDialogs struct {
	*model

	svc   vmService
	jobs  *jobTracker
	power *vmPower
}

// askNewVM asks for the name and settings of a new VM, creates it and starts it.
func (vd *vmDialogs) askNewVM() {
	var def app.NewVM
	var host app.HostSize
	var systems []app.System
	vd.call(func(ctx context.Context) (err error) {
		host, systems = vd.svc.HostSize(), vd.svc.Systems()
		def, err = vd.svc.DefaultVM(ctx, "")
		return err
	}, func(err error) {
		if err == nil {
			vd.unlessModal(func() { vd.openNewVM(def, host, systems) })() // the user may have opened another dialog meanwhile
		} else {
			vd.modal.showError(err)
		}
	})
}

func (vd *vmDialogs) openNewVM(def app.NewVM, host app.HostSize, systems []app.System) {
	name := vd.newVMName()
	cpus := numberField(lang.L("CPUs"), def.CPUs, 1, app.MaxCPUs, hostCPUs(host), "")
	memory := numberField(lang.L("Memory"), def.MemoryMB, app.MinMemoryMB, app.MaxMemoryMB, hostMemory(host), "MiB")
	disk := numberField(lang.L("Disk"), def.DiskSizeMB, app.MinDiskSizeMB, app.MaxDiskSizeMB, lang.L("Uses space only as it fills"), "MiB")
	from := newSystemForm(vd.systems(systems))
	suggested := memory.Text()
	from.onSelect = func() {
		if memory.Text() == suggested { // the user has not changed it
			suggested = strconv.Itoa(from.memoryFor(def.MemoryMB))
			memory.SetText(suggested)
		}
	}
	fields := []*widgets.Field{name, cpus, memory, disk, from.file}

	free := widgets.NewCaption(lang.L("{{.Size}} free on the disk that stores VMs", words.Values{"Size": units.Bytes(host.FreeDisk)}))
	free.Hidden = host.FreeDisk == 0
	form := container.New(layout.NewCustomPaddedVBoxLayout(12), name, from.body,
		container.NewGridWithColumns(3, cpus, memory, disk), free)
	var d *widgets.Dialog
	create := &widgets.DialogButton{Text: lang.L("Create"), Default: true, OnTapped: func() {
		n := app.NewVM{
			Name: typedName(name.Text()), CPUs: number(cpus), MemoryMB: number(memory), DiskSizeMB: number(disk),
		}
		vd.modal.closeDialog(d)
		vd.createFrom(from, n)
	}}
	d = vd.modal.openDialog(lang.L("New VM"), form, lang.L("Cancel"), name.Entry(), create)
	name.SelectAll()
	submitBy(d, fields...)
	enableWhenValid(create, fields...)
}

// newVMName returns the field for the name of a new VM, filled with an unused name.
func (vd *vmDialogs) newVMName() *widgets.Field {
	name := widgets.NewField(lang.L("Name"), vd.freeVMName(), lang.L("Letters, digits, '.', '_' and '-'"), "")
	name.Check = func(text string) string { return words.NameProblem(typedName(text), vd.vmNames()) }
	return name
}

// hostCPUs and hostMemory describe the resources of the host.
func hostCPUs(h app.HostSize) string {
	return lang.L("This computer has {{.N}}", words.Values{"N": strconv.Itoa(h.CPUs)})
}

func hostMemory(h app.HostSize) string {
	if h.MemoryMB == 0 {
		return ""
	}
	return lang.L("This computer has {{.N}}", words.Values{"N": units.Bytes(int64(h.MemoryMB) << 20)})
}

// numberField returns a field for an integer.
func numberField(label string, value, low, high int, hint, unit string) *widgets.Field {
	f := widgets.NewField(label, strconv.Itoa(value), hint, unit)
	f.Check = func(string) string {
		if n := number(f); n < low || n > high {
			return lang.L("From {{.Low}} to {{.High}}", words.Values{"Low": low, "High": high})
		}
		return ""
	}
	return f
}

// number returns the number in a field, or -1 if its text is not a number.
func number(f *widgets.Field) int {
	n, err := strconv.Atoi(strings.TrimSpace(f.Text()))
	if err != nil {
		return -1
	}
	return n
}

// enableWhenValid enables a button while all fields are valid.
func enableWhenValid(b *widgets.DialogButton, fields ...*widgets.Field) {
	check := func() {
		valid := true
		for _, f := range fields {
			valid = f.Valid() && valid
		}
		b.SetEnabled(valid)
	}
	for _, f := range fields {
		f.OnChanged = check
	}
	check()
}

func (vd *vmDialogs) vmNames() []string {
	names := make([]string, len(vd.last.vms))
	for i, v := range vd.last.vms {
		names[i] = v.Name
	}
	return names
}

// freeVMName returns an unused name for a new VM.
func (vd *vmDialogs) freeVMName() string {
	if words.NameProblem(firstVMName, vd.vmNames()) == "" {
		return firstVMName
	}
	for n := 2; ; n++ {
		if name := fmt.Sprintf("vm-%d", n); words.NameProblem(name, vd.vmNames()) == "" {
			return name
		}
	}
}

func (vd *vmDialogs) createVM(n app.NewVM) {
	vd.call(func(ctx context.Context) error {
		_, err := vd.svc.CreateVM(ctx, n)
		return err
	}, func(err error) {
		if vd.modal.showError(err) {
			vd.reader.refresh()
			return
		}
		vd.created(n.Name)
	})
}

// created starts a new VM and shows it.
func (vd *vmDialogs) created(name string) {
	vd.selectVM(name)
	vd.power.startVM(name)
}

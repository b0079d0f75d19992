//go:build !nogui

package desktop

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"

	"vmterminal/app"
	"vmterminal/widgets"
)

// askNewVM asks what the new VM shall be, makes it and starts it.
func (w *window) askNewVM() {
	var def app.NewVM
	var host app.HostSize
	var systems []app.System
	w.call(func(ctx context.Context) (err error) {
		host, systems = w.svc.HostSize(), w.svc.Systems()
		def, err = w.svc.DefaultVM(ctx, "")
		return err
	}, func(err error) {
		if err == nil {
			w.free(func() { w.askLike(def, host, systems) })() // a second press may have been as fast
		} else {
			w.fail(err)
		}
	})
}

func (w *window) askLike(def app.NewVM, host app.HostSize, systems []app.System) {
	name := w.newVMName()
	cpus := numberField(textCPUs(), def.CPUs, 1, app.MaxCPUs, hostCPUs(host), "")
	memory := numberField(textMemory(), def.MemoryMB, app.MinMemoryMB, app.MaxMemoryMB, hostMemory(host), "MB")
	disk := numberField(textDisk(), def.DiskSizeMB, app.MinDiskSizeMB, app.MaxDiskSizeMB, textDiskHint(), "MB")
	from := newSystemForm(w.systems(systems))
	offered := memory.Text()
	from.onChosen = func() {
		if memory.Text() == offered { // not the person's own
			offered = strconv.Itoa(from.memoryFor(def.MemoryMB))
			memory.SetText(offered)
		}
	}
	fields := []*widgets.Field{name, cpus, memory, disk, from.file}

	room := widgets.NewCaption(textHostFree(size(host.FreeDisk)))
	room.Hidden = host.FreeDisk == 0
	form := container.New(layout.NewCustomPaddedVBoxLayout(12), name, from.body,
		container.NewGridWithColumns(3, cpus, memory, disk), room)
	var s *widgets.Sheet
	create := &widgets.SheetButton{Text: textCreate(), Default: true, OnTapped: func() {
		n := app.NewVM{
			Name: typedName(name.Text()), CPUs: number(cpus), MemoryMB: number(memory), DiskSizeMB: number(disk),
		}
		w.closeSheet(s)
		w.createOf(from, n)
	}}
	s = w.openSheet(textNewVM(), form, textCancel(), name.Entry(), create)
	name.SelectAll()
	submitBy(s, fields...)
	enableWhenValid(create, fields...)
}

// newVMName is the field for a new VM's name, with one that is free.
func (w *window) newVMName() *widgets.Field {
	name := widgets.NewField(textName(), w.freeVMName(), textNameHint(), "")
	name.Check = func(text string) string { return wrongName(typedName(text), w.vmNames()) }
	return name
}

// hostCPUs and hostMemory say what there is to give.
func hostCPUs(h app.HostSize) string { return textHostHas(strconv.Itoa(h.CPUs)) }

func hostMemory(h app.HostSize) string {
	if h.MemoryMB == 0 {
		return ""
	}
	return textHostHas(size(int64(h.MemoryMB) << 20))
}

// numberField is a field for a whole number.
func numberField(label string, value, low, high int, hint, unit string) *widgets.Field {
	f := widgets.NewField(label, strconv.Itoa(value), hint, unit)
	f.Check = func(string) string {
		if n := number(f); n < low || n > high {
			return textBetween(low, high)
		}
		return ""
	}
	return f
}

// number is the number in a field, -1 when it is none.
func number(f *widgets.Field) int {
	n, err := strconv.Atoi(strings.TrimSpace(f.Text()))
	if err != nil {
		return -1
	}
	return n
}

// enableWhenValid lets a button be pressed only while all fields are right.
func enableWhenValid(b *widgets.SheetButton, fields ...*widgets.Field) {
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

func (w *window) vmNames() []string {
	names := make([]string, len(w.last.vms))
	for i, v := range w.last.vms {
		names[i] = v.Name
	}
	return names
}

// freeVMName is a name for a new VM that none has.
func (w *window) freeVMName() string {
	if wrongName(firstVM, w.vmNames()) == "" {
		return firstVM
	}
	for n := 2; ; n++ {
		if name := fmt.Sprintf("vm-%d", n); wrongName(name, w.vmNames()) == "" {
			return name
		}
	}
}

func (w *window) createVM(n app.NewVM) {
	w.call(func(ctx context.Context) error {
		_, err := w.svc.CreateVM(ctx, n)
		return err
	}, func(err error) {
		if w.fail(err) {
			w.reader.soon()
			return
		}
		w.created(n.Name)
	})
}

package window

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"vmterminal/app"
	"vmterminal/app/desktop/words"
	"vmterminal/app/job"
	"vmterminal/app/units"
	"vmterminal/widgets"
)

// sidebar is the list of VMs.
type sidebar struct {
	*model

	dialogs *vmDialogs
	vms     *widgets.VMList
}

func (sb *sidebar) build() fyne.CanvasObject {
	sb.vms = widgets.NewVMList()
	sb.vms.OnChanged = sb.selectVM
	sb.vms.OnOpen = sb.focusMain
	sb.vms.OnMenu = func(at fyne.Position) { sb.popUp(sb.dialogs.actions(), at) }
	add := widget.NewButtonWithIcon("", theme.ContentAddIcon(), sb.unlessModal(sb.dialogs.askNewVM))
	add.Importance = widget.LowImportance
	title := widgets.NewBold(lang.L("VMs"))
	return widgets.NewFrame(nil, nil, nil, widget.NewSeparator(),
		pane(vmPaneWidth, widgets.NewFrame(paneHeader(widgets.NewMiddle(title), add), nil, nil, nil, sb.vms)))
}

func (sb *sidebar) draw() {
	items := make([]widgets.VMItem, len(sb.last.vms))
	for i, v := range sb.last.vms {
		items[i] = sb.vmItem(v)
	}
	sb.vms.Set(items, sb.last.selected)
}

func (sb *sidebar) vmItem(v app.VM) widgets.VMItem {
	item := widgets.VMItem{Name: v.Name, Mark: sb.stateIcon(v)}
	if v.State == app.Broken {
		item.Detail, item.Alert = words.Cause(v.Problem), true
		return item
	}
	item.Detail = units.Bytes(v.DiskUsed)
	if f := v.Filling; f != nil && f.Total > 0 {
		item.Detail += "  ·  " + lang.L("filling in {{.Percent}}", words.Values{"Percent": words.Percent(job.Progress{Done: f.Done, Total: f.Total})})
		return item
	}
	if age := words.Age(v.LastSnapshot, sb.last.at); age != "" {
		item.Detail += "  ·  " + lang.L("snapshot {{.Age}}", words.Values{"Age": age})
	} else {
		item.Detail += "  ·  " + lang.L("no snapshot yet")
	}
	return item
}

// focusList focuses the list.
func (sb *sidebar) focusList() { sb.focus(sb.vms) }

// stepVM selects the next VM in the list, or the previous one if by is -1.
func (sb *sidebar) stepVM(by int) {
	for i, v := range sb.last.vms {
		if v.Name == sb.last.selected {
			next := i + by
			if next >= 0 && next < len(sb.last.vms) {
				sb.selectVM(sb.last.vms[next].Name)
			}
			return
		}
	}
}

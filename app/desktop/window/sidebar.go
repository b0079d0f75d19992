package window

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"vmterminal/app"
	"vmterminal/app/desktop/words"
	"vmterminal/app/units"
	"vmterminal/widgets"
)

// sidebar is the list of VMs.
type sidebar struct {
	w   *window
	vms *widgets.VMList
}

func (sb *sidebar) build() fyne.CanvasObject {
	sb.vms = widgets.NewVMList()
	sb.vms.OnChanged = sb.w.selectVM
	sb.vms.OnOpen = sb.w.focusMain
	sb.vms.OnMenu = func(at fyne.Position) { sb.w.popUp(sb.w.vmActions(), at) }
	add := widget.NewButtonWithIcon("", theme.ContentAddIcon(), sb.w.unlessModal(sb.w.vmDialogs.askNewVM))
	add.Importance = widget.LowImportance
	title := widgets.NewBold(lang.L("VMs"))
	return widgets.NewFrame(nil, nil, nil, widget.NewSeparator(),
		pane(vmPaneWidth, widgets.NewFrame(paneHeader(widgets.NewMiddle(title), add), nil, nil, nil, sb.vms)))
}

func (sb *sidebar) drawVMs() {
	items := make([]widgets.VMItem, len(sb.w.last.vms))
	for i, v := range sb.w.last.vms {
		items[i] = sb.vmItem(v)
	}
	sb.vms.Set(items, sb.w.last.selected)
}

func (sb *sidebar) vmItem(v app.VM) widgets.VMItem {
	item := widgets.VMItem{Name: v.Name, Mark: sb.w.stateIcon(v)}
	if v.State == app.Broken {
		item.Detail, item.Alert = words.Cause(v.Problem), true
		return item
	}
	item.Detail = units.Bytes(v.DiskUsed)
	if age := words.Age(v.LastSnapshot, sb.w.last.at); age != "" {
		item.Detail += "  ·  " + lang.L("snapshot {{.Age}}", words.Values{"Age": age})
	} else {
		item.Detail += "  ·  " + lang.L("no snapshot yet")
	}
	return item
}

// stepVM selects the next VM in the list, or the previous one if by is -1.
func (sb *sidebar) stepVM(by int) {
	for i, v := range sb.w.last.vms {
		if v.Name == sb.w.last.selected {
			next := i + by
			if next >= 0 && next < len(sb.w.last.vms) {
				sb.w.selectVM(sb.w.last.vms[next].Name)
			}
			return
		}
	}
}

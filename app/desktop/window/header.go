package window

import (
	"net/netip"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"vmterminal/app"
	"vmterminal/app/desktop/words"
	"vmterminal/assets"
	"vmterminal/snapshot/durable"
	"vmterminal/widgets"
)

// header is the line above the terminal: the selected VM with its state and buttons.
type header struct {
	*model

	jobs    *jobTracker
	vmPower *vmPower
	// actions returns the actions on the selected VM.
	actions         func() []action
	askSnapshot     func()
	toggleSnapshots func()
	// usages holds, by VM name, the host resources used by each running VM.
	usages map[string]hostUsage

	mark                  *widget.Icon
	name, state           *widgets.Line
	power, snapshot, more *widget.Button
}

func (hd *header) build() fyne.CanvasObject {
	hd.mark = widget.NewIcon(assets.StoppedIcon)
	hd.name, hd.state = widgets.NewBold(""), widgets.NewCaption("")
	hd.name.TextSize = theme.SizeNameSubHeadingText
	hd.power = widget.NewButtonWithIcon(lang.L("Start"), theme.MediaPlayIcon(), hd.unlessModal(hd.vmPower.startOrStop))
	hd.snapshot = widget.NewButtonWithIcon(lang.L("Snapshot"), theme.MediaPhotoIcon(), hd.unlessModal(hd.askSnapshot))
	hd.snapshot.Importance = widget.HighImportance
	hd.more = moreButton(func() { hd.popUpUnder(hd.more, hd.actions()) })
	fold := widget.NewButtonWithIcon("", assets.HistoryIcon, hd.unlessModal(hd.toggleSnapshots))
	fold.Importance = widget.LowImportance
	text := container.New(layout.NewCustomPaddedVBoxLayout(1), hd.name, hd.state)
	mark := container.NewCenter(container.NewGridWrap(fyne.NewSquareSize(20), hd.mark))
	title := container.NewBorder(nil, nil, container.NewHBox(mark, widgets.NewGap(4, 0)), nil, widgets.NewMiddle(text))
	return paneHeader(title, hd.power, hd.snapshot, hd.more, fold)
}

// draw draws the line above the terminal.
func (hd *header) draw() {
	v, ok := hd.selected()
	if !ok {
		hd.name.Set(lang.L("No VM selected"))
		hd.state.Set("")
		hd.power.Disable()
		hd.snapshot.Disable()
		return
	}
	if mark := hd.stateIcon(v); hd.mark.Resource != mark {
		hd.mark.SetResource(mark)
	}
	hd.name.Set(v.Name)
	hd.state.Set(hd.stateLine(v))
	text, icon := lang.L("Start"), theme.MediaPlayIcon()
	if v.State.Alive() {
		text, icon = lang.L("Stop"), theme.MediaStopIcon()
	}
	if hd.power.Text != text {
		hd.power.Icon = icon
		hd.power.SetText(text)
	}
	setEnabled(hd.power, hd.vmPower.canPower(v))
	setEnabled(hd.snapshot, hd.jobs.canSnapshot(v))
}

// stateLine returns the line below the name of the VM.
func (hd *header) stateLine(v app.VM) string {
	if doing := hd.busy[v.Name]; doing != "" {
		return doing
	}
	details := []string{words.VMState(v.State)}
	if trouble := words.Trouble(v); trouble != "" && v.State != app.Broken { // the placeholder shows it for a broken VM
		details = append(details, trouble)
	}
	if v.Filling != nil && !v.State.Alive() {
		details = append(details, lang.L("the rest of its disk is copied from “{{.Name}}” while it runs", words.Values{"Name": v.Filling.Source}))
	}
	if v.Temporary {
		details = append(details, lang.L("temporary"))
	}
	if v.State.Alive() {
		if v.Accelerator != "" {
			details = append(details, strings.ToUpper(v.Accelerator))
		}
		if len(v.Addresses) > 0 { // placed before parts that may not fit
			details = append(details, mainAddress(v.Addresses))
		}
		if !v.Since.IsZero() {
			details = append(details, lang.L("up {{.Span}}", words.Values{"Span": words.Span(hd.last.at.Sub(v.Since))}))
		}
		details = append(details, hd.usage(v)...)
	}
	if _, _, ours := hd.jobs.runningJob(v.Name); v.Activity != (durable.Activity{}) && !ours {
		details = append(details, lang.L("busy: {{.Doing}}", words.Values{"Doing": words.Activity(v.Activity)}))
	}
	return strings.Join(details, "  ·  ")
}

// mainAddress returns the address that the header shows: the first IPv4 address, or else the
// first address.
func mainAddress(all []string) string {
	for _, a := range all {
		if ip, err := netip.ParseAddr(a); err == nil && ip.Is4() {
			return a
		}
	}
	return all[0]
}

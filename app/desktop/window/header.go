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
	w           *window
	mark        *widget.Icon
	name, state *widgets.Line
	power       *widget.Button
	snapshot    *widget.Button
	more, fold  *widget.Button
}

func (hd *header) build() fyne.CanvasObject {
	hd.mark = widget.NewIcon(assets.StoppedIcon)
	hd.name, hd.state = widgets.NewBold(""), widgets.NewCaption("")
	hd.name.TextSize = theme.SizeNameSubHeadingText
	hd.power = widget.NewButtonWithIcon(lang.L("Start"), theme.MediaPlayIcon(), hd.w.unlessModal(hd.w.power.startOrStop))
	hd.snapshot = widget.NewButtonWithIcon(lang.L("Snapshot"), theme.MediaPhotoIcon(), hd.w.unlessModal(hd.w.snapshotDialogs.askSnapshot))
	hd.snapshot.Importance = widget.HighImportance
	hd.more = moreButton(func() { hd.w.popUpUnder(hd.more, hd.w.vmActions()) })
	hd.fold = widget.NewButtonWithIcon("", assets.HistoryIcon, hd.w.unlessModal(hd.w.timeline.toggleSnapshots))
	hd.fold.Importance = widget.LowImportance
	text := container.New(layout.NewCustomPaddedVBoxLayout(1), hd.name, hd.state)
	mark := container.NewCenter(container.NewGridWrap(fyne.NewSquareSize(20), hd.mark))
	title := container.NewBorder(nil, nil, container.NewHBox(mark, widgets.NewGap(4, 0)), nil, widgets.NewMiddle(text))
	return paneHeader(title, hd.power, hd.snapshot, hd.more, hd.fold)
}

// drawHeader draws the line above the terminal.
func (hd *header) drawHeader() {
	v, ok := hd.w.selected()
	if !ok {
		hd.name.Set(lang.L("No VM selected"))
		hd.state.Set("")
		hd.power.Disable()
		hd.snapshot.Disable()
		return
	}
	if mark := hd.w.stateIcon(v); hd.mark.Resource != mark {
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
	setEnabled(hd.power, hd.w.power.canPower(v))
	setEnabled(hd.snapshot, hd.w.timeline.canSnapshot(v))
	setEnabled(hd.w.timeline.restore, hd.w.timeline.canRestore())
	setEnabled(hd.w.timeline.del, hd.w.idle(v))
}

// stateLine returns the line below the name of the VM.
func (hd *header) stateLine(v app.VM) string {
	if doing := hd.w.busy[v.Name]; doing != "" {
		return doing
	}
	details := []string{words.VMState(v.State)}
	if trouble := words.Trouble(v); trouble != "" && v.State != app.Broken { // the placeholder shows it for a broken VM
		details = append(details, trouble)
	}
	if v.State.Alive() {
		if v.Accelerator != "" {
			details = append(details, strings.ToUpper(v.Accelerator))
		}
		if len(v.Addresses) > 0 { // placed before parts that may not fit
			details = append(details, mainAddress(v.Addresses))
		}
		if !v.Since.IsZero() {
			details = append(details, lang.L("up {{.Span}}", words.Values{"Span": words.Span(hd.w.last.at.Sub(v.Since))}))
		}
		details = append(details, hd.w.usage(v)...)
	}
	if _, _, ours := hd.w.jobs.runningJob(v.Name); v.Activity != (durable.Activity{}) && !ours {
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

package window

import (
	"fmt"
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/layout"

	"vmterminal/app"
	"vmterminal/app/desktop/words"
	"vmterminal/widgets"
)

// networkForm contains the network fields of the settings dialog.
type networkForm struct {
	ports    *widgets.Field
	isolated *widgets.KeyCheck
	body     *fyne.Container
}

func newNetworkForm(v app.VM) *networkForm {
	n := &networkForm{
		ports:    widgets.NewField(lang.L("Forwarded ports"), formatForwards(v.Forwards), lang.L("Port on this computer and port in the guest: 8080:80, 2222:22"), ""),
		isolated: widgets.NewKeyCheck(lang.L("Isolated: the guest cannot reach any network or this computer"), nil),
	}
	n.isolated.Checked = v.Isolated
	n.ports.Check = func(text string) string {
		if _, err := app.ParseForwards(text); err != nil {
			return lang.L("Enter pairs of ports from 1 to 65535, each host port once: 8080:80, 2222:22")
		}
		return ""
	}
	n.body = container.New(layout.NewCustomPaddedVBoxLayout(4), n.ports, n.isolated)
	for _, note := range forwardNotes(v) {
		n.body.Add(paragraph(note))
	}
	return n
}

// forwardNotes reports which forwards of a running VM differ from its settings.
func forwardNotes(v app.VM) (notes []string) {
	if list := v.PendingForwards(); len(list) > 0 {
		notes = append(notes, lang.L("From the next start: {{.Ports}}", words.Values{"Ports": formatForwards(list)}))
	}
	if list := v.RemovedForwards(); len(list) > 0 {
		notes = append(notes, lang.L("Until the VM stops: {{.Ports}}", words.Values{"Ports": formatForwards(list)}))
	}
	return notes
}

func formatForwards(list []app.Forward) string {
	var ports []string
	for _, f := range list {
		ports = append(ports, fmt.Sprintf("%d:%d", f.Host, f.Guest))
	}
	return strings.Join(ports, ", ")
}

// addChanges adds the changes made in the form to the settings.
func (n *networkForm) addChanges(v app.VM, to *app.VMSettings) {
	to.Isolated = changed(v.Isolated, n.isolated.Checked)
	wanted, err := app.ParseForwards(n.ports.Text())
	if err != nil {
		return // the dialog cannot be submitted with invalid ports
	}
	for _, f := range v.Forwards {
		if !slices.ContainsFunc(wanted, func(w app.Forward) bool { return w.Host == f.Host }) {
			to.Unforward = append(to.Unforward, f.Host)
		}
	}
	for _, f := range wanted {
		if !slices.Contains(v.Forwards, f) {
			to.Forward = append(to.Forward, f)
		}
	}
}

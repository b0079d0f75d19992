//go:build !nogui

package desktop

import (
	"fmt"
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"

	"vmterminal/app"
	"vmterminal/widgets"
)

// networkForm is the network in a VM's settings.
type networkForm struct {
	ports    *widgets.Field
	isolated *widgets.KeyCheck
	body     *fyne.Container
}

func newNetworkForm(v app.VM) *networkForm {
	n := &networkForm{
		ports:    widgets.NewField(textForwards(), writtenForwards(v.Forwards), textForwardsHint(), ""),
		isolated: widgets.NewKeyCheck(textIsolated(), nil),
	}
	n.isolated.Checked = v.Isolated
	n.ports.Check = func(text string) string {
		if _, err := app.ParseForwards(text); err != nil {
			return textWrongForwards()
		}
		return ""
	}
	n.body = container.New(layout.NewCustomPaddedVBoxLayout(4), n.ports, n.isolated)
	for _, note := range forwardNotes(v) {
		n.body.Add(paragraph(note))
	}
	return n
}

// forwardNotes tells where a running VM's forwards are not as they are set.
func forwardNotes(v app.VM) (notes []string) {
	if list := v.PendingForwards(); len(list) > 0 {
		notes = append(notes, textForwardsPending(writtenForwards(list)))
	}
	if list := v.OldForwards(); len(list) > 0 {
		notes = append(notes, textForwardsOld(writtenForwards(list)))
	}
	return notes
}

func writtenForwards(list []app.Forward) string {
	var words []string
	for _, f := range list {
		words = append(words, fmt.Sprintf("%d:%d", f.Host, f.Guest))
	}
	return strings.Join(words, ", ")
}

// change adds to settings what the form has otherwise than the VM.
func (n *networkForm) change(v app.VM, to *app.VMSettings) {
	to.Isolated = changed(v.Isolated, n.isolated.Checked)
	wanted, err := app.ParseForwards(n.ports.Text())
	if err != nil {
		return // the form cannot be sent then
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

package window

import (
	"context"

	"fyne.io/fyne/v2"

	"vmterminal/app"
	"vmterminal/assets"
)

// model is what the parts of the window show: the last reading of the store, the selected VM,
// and what this window is doing to VMs. Parts read it and change it through its methods.
type model struct {
	*toolkit

	modal  *dialogStack
	reader *reader
	last   reading
	// selectionCount is the number of the latest selection of a VM; see reader.selectVM.
	selectionCount int
	// busy describes, by VM name, what this window is doing to the VM.
	busy map[string]string
	// focusNext is the name of the VM whose terminal to focus once it is attached.
	focusNext string
	// redraw draws the parts of the window that have changed.
	redraw func()
}

// accept stores a reading and reports whether to show it.
func (m *model) accept(r reading) bool {
	if r.selectionCount < m.selectionCount {
		// Another VM was selected after this reading began, and the next reading is under way.
		// Use only this reading's list of VMs, if it contains the selected VM.
		if _, there := r.vm(m.last.selected); !there {
			return false
		}
		r.selected, r.snapshots, r.undo, r.snapErr = m.last.selected, m.last.snapshots, m.last.undo, m.last.snapErr
	}
	m.last = r
	return true
}

// mutate runs work, which changes the store, in another goroutine. Then it refreshes the
// window and shows the error, if any.
func (m *model) mutate(work func(ctx context.Context) error) {
	m.call(work, func(err error) {
		m.reader.refresh()
		m.modal.showError(err)
	})
}

// selected returns the selected VM.
func (m *model) selected() (app.VM, bool) { return m.last.vm(m.last.selected) }

// selectVM selects another VM.
func (m *model) selectVM(name string) {
	if name == m.last.selected {
		return
	}
	m.last.selected, m.last.snapshots, m.last.undo, m.last.snapErr = name, nil, nil, nil
	m.selectionCount = m.reader.selectVM(name)
	m.redraw()
}

// when returns a function that reports whether the selected VM meets a condition.
func (m *model) when(holds func(app.VM) bool) func() bool {
	return func() bool {
		v, ok := m.selected()
		return ok && holds(v)
	}
}

// withVM returns an action that calls do with the selected VM.
func (m *model) withVM(do func(app.VM)) func() {
	return func() {
		if v, ok := m.selected(); ok {
			do(v)
		}
	}
}

// snapshotNames returns the names of the selected VM's snapshots.
func (m *model) snapshotNames() []string {
	names := make([]string, len(m.last.snapshots))
	for i, s := range m.last.snapshots {
		names[i] = s.Name
	}
	return names
}

// setBusy records what this window is doing to a VM; "" means nothing.
func (m *model) setBusy(vm, activity string) {
	if activity == "" {
		delete(m.busy, vm)
	} else {
		m.busy[vm] = activity
	}
	m.reader.refresh()
	m.redraw()
}

// stateIcon returns the icon for the state of a VM.
func (m *model) stateIcon(v app.VM) fyne.Resource {
	if m.busy[v.Name] != "" {
		return assets.ChangingIcon
	}
	switch v.State {
	case app.Running:
		return assets.RunningIcon
	case app.Starting, app.Stopping:
		return assets.ChangingIcon
	case app.Paused:
		return assets.PausedIcon
	case app.Lost:
		return assets.SilentIcon
	case app.Broken:
		return assets.BrokenIcon
	default:
		return assets.StoppedIcon
	}
}

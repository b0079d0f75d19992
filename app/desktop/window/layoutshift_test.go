package window

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"vmterminal/app"
	"vmterminal/app/doctor"
	"vmterminal/widgets"
)

func TestNoShortcutStopsVM(t *testing.T) {
	d := open(t, running(t, "dev"))
	d.until("the terminal", func() bool { return d.attached("dev") })
	for _, menu := range d.win.MainMenu().Items {
		for _, i := range menu.Items {
			if strings.Contains("Stop Start Restart Power off", i.Label) && i.Shortcut != nil { //nolint:gocritic // a list of words
				t.Errorf("%q has the shortcut %v, want none", i.Label, i.Shortcut)
			}
		}
	}
	if d.terminals.consoles.shortcut(key(fyne.KeyP)) {
		t.Error("Ctrl+Shift+P is a shortcut of the window, want it passed to the guest")
	}
}

// However a stop is requested, the user is asked first and sees which programs would end.
func TestStoppingAsksWhenProgramsRun(t *testing.T) {
	ways := map[string]struct {
		do     func(*desk)
		title  string
		button string
	}{
		"button":  {func(d *desk) { d.press("Stop") }, "Stop dev?", "Stop"},
		"menu":    {func(d *desk) { d.do(d.vmDialogs.actions(), "Stop") }, "Stop dev?", "Stop"},
		"restart": {func(d *desk) { d.do(d.vmDialogs.actions(), "Restart") }, "Restart dev?", "Restart"},
		"tray":    {func(d *desk) { d.trayItem("Stop dev").Action() }, "Stop dev?", "Stop"},
		"quit": {func(d *desk) {
			d.app.Preferences().SetString(prefQuit, quitStops)
			d.quitter.askQuit()
		}, "Stop all VMs?", "Stop VMs and quit"},
	}
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			svc := running(t, "dev")
			svc.programs = map[string][]string{"dev": {"vim", "\x1b[31mtop\u202e"}}
			d := open(t, svc)
			d.until("the terminal", func() bool { return d.attached("dev") })
			way.do(d)
			d.awaitDialog(way.title)
			requireText(t, d.dialogTexts(), "dev: vim, ?[31mtop?")
			d.key(fyne.KeyReturn) // Cancel has the focus
			if d.requireNoDialog(); d.svc.hasCalled("Stop dev false") {
				t.Fatal("Return stopped the VM")
			}
			way.do(d)
			d.awaitDialog(way.title)
			d.press(way.button)
			d.until("the call of Stop", func() bool { return d.svc.hasCalled("Stop dev false") })
		})
	}
}

// Dialogs for operations that stop the VM list the programs that would end, once the guest has
// answered.
func TestRestoreAndUndoNamePrograms(t *testing.T) {
	ways := map[string]struct {
		key   fyne.KeyName
		title string
	}{
		"restore": {fyne.KeyR, "Restore “one”?"},
		"undo":    {fyne.KeyZ, "Undo the last restore of dev?"},
	}
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			svc := snapshotted(running(t, "dev", "other"), "one")
			svc.vms[0].UndoUsed = 1 << 20
			svc.programs = map[string][]string{"dev": {"vim"}}
			d := open(t, svc)
			d.until("the terminal", func() bool { return d.attached("dev") })
			d.menu(key(way.key))
			d.requireNoDialog() // until the guest has answered
			d.awaitDialog(way.title)
			requireText(t, d.dialogTexts(), "dev: vim\nPrograms running in its terminals will be stopped")
			d.key(fyne.KeyEscape)
			svc.change(func() { svc.programs = nil })
			d.menu(key(way.key))
			d.awaitDialog(way.title)
			if slices.ContainsFunc(d.dialogTexts(), func(s string) bool { return strings.Contains(s, "Programs running") }) {
				t.Errorf("no program runs, but the dialog shows %q", d.dialogTexts())
			}
			d.key(fyne.KeyEscape)

			d.menu(key(way.key))
			d.selectVM("other")
			d.until("the answer", func() bool { return !d.quitter.programs.askingPrograms })
			d.requireNoDialog()
		})
	}
}

func TestStoppingAsksWithoutReport(t *testing.T) {
	svc := running(t, "dev")
	svc.failNext("Programs", errors.New("the guest's agent is not responding"))
	d := open(t, svc)
	d.until("the terminal", func() bool { return d.attached("dev") })
	d.press("Stop")
	d.awaitDialog("Stop dev?")
	requireText(t, d.dialogTexts(), "cannot report")
	d.press("Stop")
	d.until("the call of Stop", func() bool { return d.svc.hasCalled("Stop dev false") })
}

// A reading that began before the VM was created must not change the selection back or hide
// later snapshots.
func TestNewVMIsSelectedDespiteOlderReading(t *testing.T) {
	for _, when := range []string{"read before", "being read"} {
		t.Run(when, func(t *testing.T) {
			svc := snapshotted(stopped("dev"), "one")
			svc.snapshots["new"] = []app.Snapshot{{Name: "of-new", VM: "new", State: "ok"}}
			d := open(t, svc)
			d.until("the snapshots of dev", func() bool {
				return len(d.last.snapshots) == 1 && strings.Contains(d.terminals.consoles.consoleTab("dev").terminal.Text(), "last words")
			})
			held, read := make(chan struct{}), make(chan struct{}, 100)
			svc.mu.Lock()
			svc.vmsRead = func() {
				read <- struct{}{}
				<-held
			}
			svc.mu.Unlock()
			d.reader.refresh()
			<-read // the list without the new VM
			if when == "read before" {
				close(held)
				d.pump.await()
			}
			if _, err := svc.CreateVM(t.Context(), app.NewVM{Name: "new"}); err != nil {
				t.Fatal(err)
			}
			d.vmDialogs.created("new")
			if when == "being read" {
				close(held)
			}
			d.until("the new VM's snapshots", func() bool {
				return d.last.selected == "new" && len(d.last.snapshots) == 1 && d.last.snapshots[0].Name == "of-new"
			})
			svc.change(func() {
				svc.snapshots["new"] = append(svc.snapshots["new"], app.Snapshot{Name: "second", VM: "new", State: "ok"})
			})
			d.until("the next snapshot", func() bool { return len(d.last.snapshots) == 2 })
		})
	}
}

// await waits until a function is dispatched, without running it.
func (p *pump) await() {
	for {
		p.mu.Lock()
		n := len(p.queue)
		p.mu.Unlock()
		if n > 0 {
			return
		}
		<-p.more
	}
}

// places returns the buttons of the window with their positions and sizes.
func (d *desk) places(l look) []string {
	d.relayout(l)
	var list []string
	walk(d.win.Content(), func(o fyne.CanvasObject) {
		text := ""
		switch o := o.(type) {
		case *widget.Button:
			text = o.Text
		case *widgets.KeyButton:
			text = o.Text
		default:
			return
		}
		list = append(list, fmt.Sprint(text, d.app.Driver().AbsolutePositionForObject(o), o.Size()))
	})
	return list
}

func TestNoticesDoNotMoveButtons(t *testing.T) {
	l := look{theme.VariantDark, 1180, 740, 1}
	for name, svc := range map[string]*fakeService{
		"off":       snapshotted(stopped("dev"), "one", "two"),
		"first run": {},
	} {
		t.Run(name, func(t *testing.T) {
			d := openLook(t, svc, l)
			d.until("the first reading", func() bool { return !d.last.at.IsZero() })
			if name == "off" {
				d.until("the snapshots", func() bool { return len(d.last.snapshots) == 2 })
				d.timeline.list.SetCurrent("one")
			}
			d.pump.run()
			before := d.places(l)
			if len(before) == 0 {
				t.Fatal("no buttons in the window")
			}
			svc.change(func() {
				svc.findings = []doctor.Finding{noQEMU}
			})
			d.noticeBar.recheckHost()
			d.until("the notice", func() bool { return d.noticeBar.banner.Visible() })
			after := d.places(l)
			for _, b := range before {
				if !slices.Contains(after, b) {
					t.Errorf("button %s moved: the buttons are now %q", b, after)
				}
			}
			d.noticeBar.banner.OnClose()
			d.pump.run()
			if again := d.places(l); !slices.Equal(again, before) {
				t.Errorf("after the notice: got %q, want %q as before it", again, before)
			}
		})
	}
}

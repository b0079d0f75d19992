//go:build !nogui

package desktop

import (
	"errors"
	"slices"
	"testing"

	"fyne.io/fyne/v2"

	"vmterminal/widgets"
)

// chooseSystem opens the form of a new VM with that system.
func (d *desk) chooseSystem(label string) {
	d.t.Helper()
	d.menu(key(fyne.KeyN))
	d.sheet("New VM")
	choice := d.systemChoice()
	choice.SetSelected(label)
	if choice.Selected != label {
		d.t.Fatalf("%q is not among %q", label, choice.Options)
	}
}

func (d *desk) systemChoice() (choice *widgets.KeySelect) {
	d.t.Helper()
	walk(d.win.Canvas().Overlays().Top(), func(o fyne.CanvasObject) {
		if s, ok := o.(*widgets.KeySelect); ok {
			choice = s
		}
	})
	if choice == nil {
		d.t.Fatal("there is no choice of systems")
	}
	return choice
}

func TestNewVMOfASystem(t *testing.T) {
	d := open(t, stopped("dev"))
	d.chooseSystem("Debian, from its project's image")
	sees(t, d.sheetTexts(), "stable")
	d.press("Create")
	d.until("the job", func() bool { return d.svc.hasCalled("CreateFromImage debian:newest default") })
	d.until("the VM", func() bool { _, ok := d.last.vm("default"); return ok })
}

func TestNewVMOfASystemThatIsNotFound(t *testing.T) {
	d := open(t, stopped("dev"))
	d.svc.failNext("FindImage", errors.New("there is no connection"))
	d.chooseSystem("Alpine, from its project's image")
	d.press("Create")
	d.until("the reason", func() bool { return len(d.sheets) == 1 })
	sees(t, d.sheetTexts(), "there is no connection")
}

// What was typed is not changed by choosing a system; what was offered is.
func TestNewVMKeepsTheMemoryThatWasTyped(t *testing.T) {
	d := open(t, stopped("dev"))
	d.chooseSystem("Debian, from its project's image")
	if got := d.fieldText("Memory"); got != "1024" {
		t.Errorf("a whole system is offered %s MB", got)
	}
	d.typeInto("Memory", "3000")
	d.systemChoice().SetSelected("Alpine, from its project's image")
	if got := d.fieldText("Memory"); got != "3000" {
		t.Errorf("what was typed has become %s", got)
	}
}

func TestNewVMOfPackages(t *testing.T) {
	d := open(t, stopped("dev"))
	d.chooseSystem("Debian, built here of packages")
	d.press("Create")
	d.until("the job", func() bool { return d.svc.hasCalled("CreateDebian  default") })
}

func TestNewVMOfAnOwnImage(t *testing.T) {
	d := open(t, stopped("dev"))
	d.chooseSystem("An image of my own")
	if slices.Contains(d.sheetTexts(), "A whole path is needed") {
		t.Error("nothing was typed yet, and is said to be wrong")
	}
	d.press("Create")
	if len(d.sheets) != 1 {
		t.Fatal("a VM of no file was begun")
	}
	form := d.sheets[0]
	d.typeInto("File or address", "mine.qcow2")
	sees(t, d.sheetTexts(), "A whole path is needed")
	d.typeInto("File or address", "/images/mine.qcow2")
	d.press("Create")
	if form.Shown() {
		t.Fatal("the form should have gone")
	}
	d.until("the job", func() bool { return d.svc.hasCalled("CreateFromImage /images/mine.qcow2 default") })
}

package window

import (
	"errors"
	"slices"
	"testing"

	"fyne.io/fyne/v2"

	"vmterminal/app"
	"vmterminal/widgets"
)

// chooseSystem selects a system in the form for a new VM.
func (d *desk) chooseSystem(label string) {
	d.t.Helper()
	d.menu(key(fyne.KeyN))
	d.awaitDialog("New VM")
	choice := d.systemChoice()
	choice.SetSelected(label)
	if choice.Selected != label {
		d.t.Fatalf("no system %q in %q", label, choice.Options)
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
		d.t.Fatal("no list of systems in the dialog")
	}
	return choice
}

func TestNewVMWithSystem(t *testing.T) {
	d := open(t, stopped("dev"))
	d.chooseSystem("Debian cloud image")
	requireText(t, d.dialogTexts(), "stable")
	d.press("Create")
	d.until("the job", func() bool { return d.svc.hasCalled("CreateFromImage debian:newest default") })
	d.until("the VM", func() bool { _, ok := d.last.vm("default"); return ok })
}

func TestNewVMWithMissingSystem(t *testing.T) {
	d := open(t, stopped("dev"))
	d.svc.failNext("FindImage", errors.New("there is no connection"))
	d.chooseSystem("Alpine cloud image")
	d.press("Create")
	d.until("the error", func() bool { return len(d.modal.dialogs) == 1 })
	requireText(t, d.dialogTexts(), "there is no connection")
}

// Selecting a system replaces the suggested memory, but not a typed value.
func TestNewVMKeepsTypedMemory(t *testing.T) {
	d := open(t, stopped("dev"))
	d.chooseSystem("Debian cloud image")
	if got := d.fieldText("Memory"); got != "1024" {
		t.Errorf("suggested memory: got %s MiB, want 1024", got)
	}
	d.typeInto("Memory", "3000")
	d.systemChoice().SetSelected("Alpine cloud image")
	if got := d.fieldText("Memory"); got != "3000" {
		t.Errorf("memory after selecting a system: got %s, want the typed value", got)
	}
}

func TestNewVMFromPackages(t *testing.T) {
	d := open(t, stopped("dev"))
	d.chooseSystem("Debian, built from packages")
	d.press("Create")
	d.until("the job", func() bool { return d.svc.hasCalled("CreateDebian  default") })
}

func TestNewVMFromOwnImage(t *testing.T) {
	d := open(t, stopped("dev"))
	d.chooseSystem("Custom image")
	if slices.Contains(d.dialogTexts(), "Enter a full path") {
		t.Error("an error is shown for the empty field")
	}
	d.press("Create")
	if len(d.modal.dialogs) != 1 {
		t.Fatal("creating a VM without a file was accepted")
	}
	form := d.modal.dialogs[0]
	d.typeInto("File or URL", "mine.qcow2")
	requireText(t, d.dialogTexts(), "Enter a full path")
	d.typeInto("File or URL", "/images/mine.qcow2")
	d.press("Create")
	if form.Shown() {
		t.Fatal("the dialog is still open")
	}
	d.until("the job", func() bool { return d.svc.hasCalled("CreateFromImage /images/mine.qcow2 default") })
}

func TestNewVMWithNoteAboutImage(t *testing.T) {
	svc := stopped("dev")
	svc.imageNote = app.ImageNote{Code: app.ImageOutdated, Earlier: "13.2"}
	d := open(t, svc)
	d.chooseSystem("Debian cloud image")
	d.press("Create")
	d.awaitDialog("Create default from this image?")
	requireText(t, d.dialogTexts(), "version 13.2 was offered before")
	if svc.hasCalled("CreateFromImage debian:newest default") {
		t.Error("the VM was created before the note was confirmed")
	}
	d.press("Create")
	d.until("the VM", func() bool { _, ok := d.last.vm("default"); return ok })
}

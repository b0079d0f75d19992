//go:build !nogui

package desktop

import (
	"slices"
	"testing"

	"fyne.io/fyne/v2"

	"vmterminal/app"
	"vmterminal/widgets"
)

// check is the nth check box of that text in the sheet, counted from 0.
func (d *desk) check(text string, nth int) *widgets.KeyCheck {
	d.t.Helper()
	var found *widgets.KeyCheck
	walk(d.win.Canvas().Overlays().Top(), func(o fyne.CanvasObject) {
		if c, ok := o.(*widgets.KeyCheck); ok && c.Text == text {
			if nth == 0 {
				found = c
			}
			nth--
		}
	})
	if found == nil {
		d.t.Fatalf("there is no %q to check", text)
	}
	return found
}

func TestSharesInTheSettings(t *testing.T) {
	svc := stopped("dev")
	svc.vms[0].CPUs, svc.vms[0].MemoryMB, svc.vms[0].Accel, svc.vms[0].UEFI = 2, 512, "auto", true
	svc.vms[0].Shares = []app.Share{
		{Path: "/src/a", GuestDir: "/mnt/a"},
		{Path: "/src/b", GuestDir: "/mnt/b", Problem: "the kernel has no 9p"},
	}
	d := open(t, svc)
	d.do(d.vmActions(), "Settings…")
	d.sheet("Settings of dev")
	for _, text := range []string{"/src/a", "/mnt/a in the guest", "Not there now: the kernel has no 9p", "started by UEFI"} {
		sees(t, d.sheetTexts(), text)
	}
	d.check("Read only", 0).SetChecked(true)
	d.press("Remove") // the last
	d.press("Save")
	d.until("the shares", func() bool {
		v, ok := d.last.vm("dev")
		return ok && len(v.Shares) == 1 && v.Shares[0].Path == "/src/a" && v.Shares[0].ReadOnly
	})
}

func TestAddingShares(t *testing.T) {
	d := open(t, stopped("dev"))
	v := app.VM{Shares: []app.Share{{Path: "/src/a", GuestDir: "/mnt/a"}}}
	f := newSharesForm(d.window, v)
	f.add("/src/a") // there already
	f.add("/src/b:ro")
	if f.wrong.Visible() {
		t.Errorf("a folder is refused: %s", f.wrong.Text)
	}
	f.add("/other/a")
	sees(t, texts(f.body), "/mnt/a in the guest is")
	f.add("/")
	sees(t, texts(f.body), "no name of its own")
	var to app.VMSettings
	f.change(v, &to)
	if len(to.Unshare) > 0 || !slices.Equal(to.Share, []app.Share{{Path: "/src/b:ro", GuestDir: "/mnt/b:ro"}}) {
		t.Errorf("%+v", to)
	}
}

func TestNewVMOfAnOwnImageByUEFI(t *testing.T) {
	d := open(t, stopped("dev"))
	d.chooseSystem("An image of my own")
	d.typeInto("File or address", "/images/mine.qcow2")
	d.check(textUEFI(), 0).SetChecked(true)
	d.press("Create")
	d.until("the job", func() bool { return d.svc.hasCalled("CreateFromImage /images/mine.qcow2:UEFI default") })
}

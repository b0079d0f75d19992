package window

import (
	"slices"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/lang"

	"vmterminal/app"
	"vmterminal/widgets"
)

// check returns the first check box with the given text in the dialog.
func (d *desk) check(text string) *widgets.KeyCheck {
	d.t.Helper()
	var found *widgets.KeyCheck
	walk(d.win.Canvas().Overlays().Top(), func(o fyne.CanvasObject) {
		if c, ok := o.(*widgets.KeyCheck); ok && c.Text == text && found == nil {
			found = c
		}
	})
	if found == nil {
		d.t.Fatalf("no check box %q", text)
	}
	return found
}

func TestSharesInSettings(t *testing.T) {
	svc := stopped("dev")
	svc.vms[0].CPUs, svc.vms[0].MemoryMB, svc.vms[0].Accel, svc.vms[0].UEFI = 2, 512, "auto", true
	svc.vms[0].Shares = []app.Share{
		{Path: "/src/a", GuestDir: "/mnt/a"},
		{Path: "/src/b", GuestDir: "/mnt/b", Problem: app.ShareProblem{Code: app.ShareMountFailed, Detail: "no 9p"}},
	}
	d := open(t, svc)
	d.do(d.vmDialogs.actions(), "Settings…")
	d.awaitDialog("Settings of dev")
	for _, text := range []string{"/src/a", "/mnt/a in the guest", "Unavailable: the guest cannot mount it: no 9p", "boots with UEFI"} {
		requireText(t, d.dialogTexts(), text)
	}
	d.check("Read-only").SetChecked(true)
	d.press("Remove") // the last share
	d.press("Save")
	d.until("the shares", func() bool {
		v, ok := d.last.vm("dev")
		return ok && len(v.Shares) == 1 && v.Shares[0].Path == "/src/a" && v.Shares[0].ReadOnly
	})
}

func TestAddingShares(t *testing.T) {
	d := open(t, stopped("dev"))
	v := app.VM{Shares: []app.Share{{Path: "/src/a", GuestDir: "/mnt/a"}}}
	f := newSharesForm(d.vmDialogs.chooseFolder, v)
	f.add("/src/a") // already shared
	f.add("/src/b:ro")
	if f.problem.Visible() {
		t.Errorf("a folder was rejected: %s", f.problem.Text)
	}
	f.add("/other/a")
	requireText(t, texts(f.body), "/mnt/a in the guest is")
	f.add("/")
	requireText(t, texts(f.body), "the root folder cannot be shared")
	var to app.VMSettings
	f.addChanges(v, &to)
	if len(to.Unshare) > 0 || !slices.Equal(to.Share, []app.Share{{Path: "/src/b:ro", GuestDir: "/mnt/b:ro"}}) {
		t.Errorf("changes: got %+v, want only the added folder", to)
	}
}

func TestNewVMFromOwnImageWithUEFI(t *testing.T) {
	d := open(t, stopped("dev"))
	d.chooseSystem("Custom image")
	d.typeInto("File or URL", "/images/mine.qcow2")
	d.check(lang.L("Boot with UEFI (detected automatically for UEFI-only images)")).SetChecked(true)
	d.press("Create")
	d.until("the job", func() bool { return d.svc.hasCalled("CreateFromImage /images/mine.qcow2:UEFI default") })
}

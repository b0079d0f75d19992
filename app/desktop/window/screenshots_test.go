package window

import (
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/software"
	"fyne.io/fyne/v2/theme"

	"vmterminal/app"
	"vmterminal/app/doctor"
	"vmterminal/app/problem"
	"vmterminal/assets"
)

// envScreenshots names the folder for pictures of all scenes in all looks (make
// screenshots). Without it each scene is drawn once and not saved.
const envScreenshots = "VMTERMINAL_SCREENSHOTS"

// look is the theme, size and scale of a picture.
type look struct {
	variant       fyne.ThemeVariant
	width, height float32
	scale         float32
}

func (l look) name() string {
	variant := "dark"
	if l.variant == theme.VariantLight {
		variant = "light"
	}
	return fmt.Sprintf("%s-%.0fx%.0f@%.0f", variant, l.width, l.height, l.scale)
}

func looks() []look {
	if os.Getenv(envScreenshots) == "" {
		return []look{{theme.VariantDark, 1280, 800, 1}}
	}
	var all []look
	for _, variant := range []fyne.ThemeVariant{theme.VariantDark, theme.VariantLight} {
		for _, size := range [][2]float32{{1280, 800}, {1920, 1080}} {
			for _, scale := range []float32{1, 2} {
				all = append(all, look{variant, size[0], size[1], scale})
			}
		}
	}
	return all
}

// variantTheme is the program's theme in a fixed variant.
type variantTheme struct {
	assets.Theme

	variant fyne.ThemeVariant
}

// Color implements [fyne.Theme].
func (t variantTheme) Color(name fyne.ThemeColorName, _ fyne.ThemeVariant) color.Color {
	return t.Theme.Color(name, t.variant)
}

// TestScreenshots draws all scenes.
func TestScreenshots(t *testing.T) {
	for _, l := range looks() {
		for _, s := range scenes {
			t.Run(l.name()+"/"+s.name, func(t *testing.T) {
				picture := openScene(t, s, l).win.Canvas().Capture()
				if plain(picture) {
					t.Error("the picture is a single color")
				}
				savePicture(t, picture, l, s.name)
			})
		}
	}
}

// openScene opens the window in a scene.
func openScene(t *testing.T, s scene, l look) *desk {
	t.Helper()
	d := openLook(t, s.service(t), l)
	if s.act != nil {
		s.act(d)
	}
	d.pump.run()
	d.relayout(l)
	return d
}

func openLook(t testing.TB, svc *fakeService, l look) *desk {
	t.Helper()
	d := openAs(t, svc, variantTheme{variant: l.variant})
	d.win.Canvas().(software.WindowlessCanvas).SetScale(l.scale)
	d.win.Resize(fyne.NewSize(l.width/l.scale, l.height/l.scale))
	return d
}

// relayout makes the test canvas lay out widgets shown since the last layout; a real canvas
// does so for each frame.
func (d *desk) relayout(l look) {
	size := fyne.NewSize(l.width/l.scale, l.height/l.scale)
	d.win.Resize(size.AddWidthHeight(1, 1))
	d.win.Resize(size)
}

// plain reports whether a picture has a single color.
func plain(p image.Image) bool {
	b := p.Bounds()
	first := p.At(b.Min.X, b.Min.Y)
	for y := b.Min.Y; y < b.Max.Y; y += 3 {
		for x := b.Min.X; x < b.Max.X; x += 3 {
			if p.At(x, y) != first {
				return false
			}
		}
	}
	return true
}

func savePicture(t *testing.T, picture image.Image, l look, name string) {
	t.Helper()
	dir := os.Getenv(envScreenshots)
	if dir == "" {
		return
	}
	dir = filepath.Join(dir, l.name())
	err := os.MkdirAll(dir, 0o755)
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(filepath.Join(dir, name+".png"))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(png.Encode(f, picture), f.Close()); err != nil {
		t.Fatal(err)
	}
}

// scene is a state of the window: the store and what the user has done.
type scene struct {
	name    string
	service func(*testing.T) *fakeService
	act     func(*desk)
}

var scenes = []scene{
	{"first-run", func(*testing.T) *fakeService { return &fakeService{} }, nil},
	{"no-qemu", func(*testing.T) *fakeService {
		return &fakeService{findings: []doctor.Finding{noQEMU}}
	}, func(d *desk) { d.until("the banner", func() bool { return d.noticeBar.banner.Visible() }) }},
	{"no-guest", func(*testing.T) *fakeService {
		return &fakeService{findings: []doctor.Finding{noGuest}}
	}, func(d *desk) { d.until("the banner", func() bool { return d.noticeBar.banner.Visible() }) }},
	{"stopped", func(*testing.T) *fakeService { return stopped("dev", "db", "web") }, nil},
	{"running", workshop, (*desk).settled},
	{"snapshot-details", workshop, func(d *desk) {
		d.settled()
		d.timeline.list.SetCurrent("before-upgrade")
	}},
	{"snapshot-dialog", workshop, func(d *desk) { d.settled(); d.snapshotDialogs.askSnapshot() }},
	{"snapshot-job", func(t *testing.T) *fakeService {
		svc := workshop(t)
		svc.jobSteps = make(chan struct{})
		return svc
	}, func(d *desk) {
		d.settled()
		d.snapshotDialogs.quickSnapshot("dev")
		d.snapshotDialogs.quickSnapshot("db")
		d.until("both jobs", func() bool { return len(d.jobBar.Items()) == 2 })
		for range 8 {
			d.svc.jobSteps <- struct{}{}
		}
		d.until("progress", func() bool {
			_, dev, _ := d.jobs.runningJob("dev")
			_, db, _ := d.jobs.runningJob("db")
			return dev.Fraction()+db.Fraction() > 0.75
		})
		d.t.Cleanup(func() { close(d.svc.jobSteps) })
	}},
	{"restore-dialog", workshop, func(d *desk) {
		d.settled()
		d.timeline.list.SetCurrent("before-upgrade")
		d.snapshotDialogs.askRestore()
	}},
	{"undo-banner", func(t *testing.T) *fakeService {
		svc := workshop(t)
		svc.vms[0].UndoUsed, svc.undoSince = 310<<20, time.Now().Add(-2*time.Minute)
		svc.restored = svc.snapshots["dev"][1].Name
		svc.snapshots["dev"][1].IsCurrent = true
		return svc
	}, (*desk).settled},
	{"filling", func(t *testing.T) *fakeService {
		svc := workshop(t)
		svc.vms[0].Filling = &app.Filling{Source: "before-upgrade", Done: 4 << 30, Total: 10 << 30}
		svc.vms[3].Filling = &app.Filling{Source: "clean-install"}
		return svc
	}, (*desk).settled},
	{"source-failed", func(t *testing.T) *fakeService {
		svc := workshop(t)
		svc.vms[0].State, svc.vms[0].PauseReason = app.Paused, app.PauseReason{Code: app.PauseSourceFailed}
		svc.vms[0].Filling = &app.Filling{
			Source: "before-upgrade", Done: 4 << 30, Total: 10 << 30,
			Problem: app.FillProblem{Code: app.FillDamaged, Detail: "damaged: chunk 546 (at 546 MiB): its compressed bytes have changed"},
		}
		svc.vms[0].UndoUsed, svc.undoSince = 310<<20, time.Now().Add(-2*time.Minute)
		return svc
	}, (*desk).settled},
	{"restore-stopped", workshop, func(d *desk) {
		d.settled()
		d.svc.change(func() {
			d.svc.vms[3].DiskSize = 10 << 30
			d.svc.snapshots["web"] = d.svc.snapshots["dev"]
		})
		d.selectVM("web")
		d.until("the snapshots", func() bool { return len(d.timeline.list.Items()) > 0 })
		d.snapshotDialogs.askRestore()
	}},
	{"slow-host", func(t *testing.T) *fakeService {
		svc := workshop(t)
		svc.findings = []doctor.Finding{slowHost}
		return svc
	}, func(d *desk) {
		d.settled()
		d.until("the banner", func() bool { return d.noticeBar.banner.Visible() })
	}},
	{"new-vm", workshop, func(d *desk) { d.settled(); d.vmDialogs.askNewVM(); d.awaitDialog("New VM") }},
	{"settings", workshop, func(d *desk) {
		d.settled()
		d.selectVM("db")
		d.do(d.vmDialogs.actions(), "Settings…")
		d.awaitDialog("Settings of db")
	}},
	{"close-shell", workshop, func(d *desk) {
		d.settled()
		d.openShell()
		d.shell(1).runs("vim")
		d.menu(key(fyne.KeyW))
		d.awaitDialog("Close shell 1?")
	}},
	{"automatic", func(t *testing.T) *fakeService {
		svc := workshop(t)
		svc.vms[3].Automatic = app.AutomaticState{
			Automatic: app.Automatic{Every: 6 * time.Hour, Keep: 12},
			Failed:    true, FailureText: "612 MiB are needed, and 240 MiB are free", FailedAt: time.Now().Add(-3 * time.Hour),
		}
		return svc
	}, func(d *desk) {
		d.settled()
		d.selectVM("web")
		d.do(d.vmDialogs.actions(), "Automatic snapshots…")
		d.awaitDialog("Automatic snapshots of web")
	}},
	{"storage", workshop, func(d *desk) { d.settled(); d.storage.askStorage(); d.awaitDialog("Storage") }},
	{"vm-menu", workshop, func(d *desk) { d.settled(); d.popUpUnder(d.header.more, d.vmDialogs.actions()) }},
	{"delete-vm", workshop, func(d *desk) {
		d.settled()
		d.selectVM("db")
		d.do(d.vmDialogs.actions(), "Delete VM…")
	}},
	{"error", func(t *testing.T) *fakeService {
		svc := workshop(t)
		svc.failNext("CreateSnapshot", errors.New("612 MiB are needed, and 240 MiB are free"))
		return svc
	}, func(d *desk) {
		d.settled()
		d.snapshotDialogs.quickSnapshot("dev")
		d.until("the error", func() bool { return len(d.modal.dialogs) == 1 })
	}},
	{"broken-vm", workshop, func(d *desk) { d.settled(); d.selectVM("old") }},
	{"keys", workshop, func(d *desk) { d.settled(); d.menuBar.showShortcuts() }},
}

// settled waits for the terminal of the VM dev and its output.
func (d *desk) settled() {
	d.t.Helper()
	d.until("the terminal", func() bool { return d.attached("dev") })
	go fmt.Fprint(d.console("dev").in, session)
	d.until("the output of the terminal", func() bool { return strings.Contains(d.drawn(), "done.") })
}

// drawn returns the text of all terminals shown.
func (d *desk) drawn() string {
	var all strings.Builder
	walk(d.win.Content(), func(o fyne.CanvasObject) {
		if g, ok := o.(interface {
			RowText(row int) string
			Text() string
		}); ok {
			all.WriteString(g.Text())
		}
	})
	return all.String()
}

// session is the output that the terminal shows in pictures.
const session = "ls /etc/apt\r\n" +
	"\x1b[1;34mapt.conf.d\x1b[0m  \x1b[1;34mpreferences.d\x1b[0m  sources.list  \x1b[1;34msources.list.d\x1b[0m  \x1b[1;34mtrusted.gpg.d\x1b[0m\r\n" +
	"\x1b[1;32mdev\x1b[0m:\x1b[1;34m~\x1b[0m# apt-get dist-upgrade\r\n" +
	"Reading package lists... Done\r\nBuilding dependency tree... Done\r\n" +
	"The following packages will be upgraded:\r\n  \x1b[1mlibc6 openssh-server systemd\x1b[0m\r\n" +
	"3 upgraded, 0 newly installed, 0 to remove and 0 not upgraded.\r\n" +
	"\x1b[32m┌─────────────────────────────┐\r\n│\x1b[0m  Setting up libc6 (2.36-9)  \x1b[32m│\r\n└─────────────────────────────┘\x1b[0m\r\n" +
	"Processing triggers … \x1b[33mdone.\x1b[0m\r\n\x1b[1;32mdev\x1b[0m:\x1b[1;34m~\x1b[0m# "

// workshop returns a realistic store with VMs in several states and snapshots of every
// kind.
func workshop(t *testing.T) *fakeService {
	t.Helper()
	f := running(t, "dev", "db", "old", "web")
	now := time.Now()
	f.vms[0].Accelerator, f.vms[0].Addresses, f.vms[0].CPUs, f.vms[0].MemoryMB = "kvm", []string{"10.0.2.15"}, 2, 2048
	f.vms[0].Since, f.vms[0].MemoryUsed, f.vms[0].Agent = now.Add(-83*time.Minute), 512<<20, true
	f.vms[1].CPUs, f.vms[1].MemoryMB, f.vms[1].Accel = 2, 1024, "auto"
	f.vms[1].Forwards = []app.Forward{{Host: 5432, Guest: 5432}}
	f.vms[1].Shares = []app.Share{
		{Path: "/home/me/src/shop", GuestDir: "/mnt/shop"},
		{Path: "/home/me/dumps", GuestDir: "/mnt/dumps", ReadOnly: true},
	}
	f.vms[2].State, f.vms[2].Problem = app.Broken, problem.Problem{Cause: "vms.json says 0 CPUs"}
	f.vms[3].State = app.Stopped
	at := func(ago time.Duration, s app.Snapshot) app.Snapshot {
		s.VM, s.Created, s.DiskSize = "dev", now.Add(-ago), 10<<30
		if s.State == "" {
			s.State = "ok"
		}
		return s
	}
	const digest = "sha256:0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0"
	f.snapshots = map[string][]app.Snapshot{
		"dev": {
			at(4*time.Minute, app.Snapshot{Name: "quick-2026-11-24-1412", FileSize: 604 << 20, Taken: "frozen", FrozenFor: 58 * time.Millisecond, Frees: 3 << 20}),
			at(50*time.Minute, app.Snapshot{
				Name: "before-upgrade", Description: "Before system upgrade", FileSize: 598 << 20, Taken: "stopped",
				Frees: 5 << 20, Digest: digest, Pinned: true, VerifiedAt: now.Add(-30 * time.Minute),
			}),
			at(26*time.Hour, app.Snapshot{Name: "clean-install", FileSize: 571 << 20, Taken: "crash-consistent", Frees: 40 << 20, Digest: digest}),
			at(9*24*time.Hour, app.Snapshot{Name: "from-colleague", FileSize: 420 << 20, State: "imported", Foreign: true}),
			at(30*24*time.Hour, app.Snapshot{Name: "lost-one", State: "missing", Problem: problem.Problem{Code: problem.SnapshotFileMissing, Cause: "the file is missing"}}),
		},
	}
	return f
}

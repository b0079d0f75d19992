//go:build !nogui

package desktop

import (
	"context"
	"errors"
	"os"

	fyneapp "fyne.io/fyne/v2/app"

	"fyne.io/fyne/v2"

	"vmterminal/app/ondisk"
	"vmterminal/assets"
)

// appID names the program to the desktop.
const appID = "io.github.vmterminal"

// Built tells whether this build has the window.
const Built = true

// Run opens the window and returns when the program was quit. It belongs on the
// main goroutine, and needs a display: ask HasDisplay first. VMs go on running.
func Run(svc Service, opt Options) error {
	if !HasDisplay() {
		return errors.New("there is no display to open a window on")
	}
	settleLocale()
	if err := translate(); err != nil {
		return err
	}
	if cache, err := os.UserCacheDir(); err == nil {
		_ = os.MkdirAll(cache, ondisk.DirMode) // of a new user; without it Fyne complains
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	fyneapp.SetMetadata(fyne.AppMetadata{
		ID: appID, Name: "VMTerminal", Version: opt.Version, Icon: assets.Icon(),
		Migrations: map[string]bool{"fyneDo": !threadChecks},
	})
	a := fyneapp.NewWithID(appID)
	a.SetIcon(assets.Icon())
	a.Settings().SetTheme(assets.Theme{})
	go svc.Prepare(ctx)
	w := newWindow(ctx, a, svc, opt, onMain(ctx))
	w.quit = func() {
		cancel() // before Fyne's loop is over
		a.Quit()
	}
	w.win.SetMaster()
	w.win.Resize(fyne.NewSize(1180, 740))
	w.win.CenterOnScreen()
	w.tray.host = trayHost
	if mayHaveTray(ctx) {
		w.tray.put() // Fyne starts the tray with the window, or never
	}
	a.Lifecycle().SetOnStarted(w.start)
	w.win.ShowAndRun()
	cancel()
	w.consoles.close()
	return nil
}

package window

import (
	"context"
	"os"

	"fyne.io/fyne/v2"
	fyneapp "fyne.io/fyne/v2/app"

	"vmterminal/app"
	"vmterminal/app/desktop/words"
	"vmterminal/assets"
	"vmterminal/snapshot/durable"
)

// appID identifies the program to the desktop.
const appID = "io.github.vmterminal"

// Run opens the window and returns when the user quits or a signal of [app.InterruptibleContext]
// arrives. VMs keep running; running jobs are canceled, and Run waits until they have
// removed their partial data. It must be called on the main goroutine and needs a display. It
// fails for a store that [app.Service.CheckOwner] rejects. The About dialog shows version.
func Run(svc Service, version string) error {
	setLocaleFallback()
	if err := words.AddTranslations(); err != nil {
		return err
	}
	if cache, err := os.UserCacheDir(); err == nil {
		_ = os.MkdirAll(cache, durable.DirMode) // missing for a new user; Fyne would log an error
	}
	signaled, stop := app.InterruptibleContext()
	defer stop()
	ctx, cancel := context.WithCancel(signaled)
	defer cancel()
	fyneapp.SetMetadata(fyne.AppMetadata{
		ID: appID, Name: "VMTerminal", Version: version, Icon: assets.Icon(),
		Migrations: map[string]bool{"fyneDo": !threadChecks},
	})
	a := fyneapp.NewWithID(appID)
	savePreferences := takeStopHook(a)
	a.SetIcon(assets.Icon())
	a.Settings().SetTheme(assets.Theme{})
	w := newWindow(ctx, a, svc, version, onMain(ctx))
	if err := svc.CheckOwner(); err != nil {
		return err
	}
	go svc.Prepare(ctx)
	w.quitter.quit = func() {
		cancel() // before Fyne's event loop ends
		a.Quit()
	}
	w.win.SetMaster()
	w.win.Resize(fyne.NewSize(1180, 740))
	w.win.CenterOnScreen()
	w.tray.host = trayHost
	if mayHaveTray(ctx) {
		w.tray.install() // Fyne starts the tray with the window or never
	}
	a.Lifecycle().SetOnStarted(w.start)
	quitOnSignal := context.AfterFunc(signaled, func() { onMain(context.Background())(a.Quit) })
	w.win.ShowAndRun() // Fyne itself quits on some signals
	savePreferences()
	quitOnSignal()
	cancel()
	endJobs(svc.Jobs())
	w.terminals.consoles.close()
	return nil
}

// takeStopHook removes the hook by which Fyne saves its preferences when it stops, and returns
// it, to be called after the event loop has ended. Fyne 2.8.1 itself sends it to the loop while
// it closes the loop's channel: a data race that can panic or keep the program from exiting.
func takeStopHook(a fyne.App) (hook func()) {
	l, ok := a.Lifecycle().(interface {
		OnStopped() func()
		SetOnStoppedHookExecuted(hook func())
	})
	if !ok || l.OnStopped() == nil {
		return func() {}
	}
	hook = l.OnStopped()
	l.SetOnStoppedHookExecuted(nil)
	return hook
}

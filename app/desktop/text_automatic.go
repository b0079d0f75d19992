//go:build !nogui

package desktop

import "fyne.io/fyne/v2/lang"

// Automatic snapshots.

func textAutomatic() string { return lang.L("Automatic snapshots") }
func textEvery() string     { return lang.L("One every") }
func textEveryHint() string { return lang.L("Like 30m, 6h or 1d12h") }
func textKeep() string      { return lang.L("Keep the newest") }
func textTurnOn() string    { return lang.L("Turn on") }
func textTurnOff() string   { return lang.L("Turn off") }

func textAutomaticOf(vm string) string {
	return lang.L("Automatic snapshots of {{.VM}}", with{"VM": vm})
}

func textAutomaticAbout() string {
	return lang.L("Taken while the VM runs, unless nothing has changed. The oldest of them are then deleted, but none that you pinned or renamed.")
}

func textEveryBetween(low, high string) string {
	return lang.L("From {{.Low}} to {{.High}}, like 30m, 6h or 1d12h", with{"Low": low, "High": high})
}

func textAutomaticEvery(every, keep string) string {
	return lang.L("Automatic: every {{.Every}}, the newest {{.N}}", with{"Every": every, "N": keep})
}

func textAutomaticFailed(vm, age, why string) string {
	return lang.L("The automatic snapshot of {{.VM}} failed {{.Age}}: {{.Why}}", with{"VM": vm, "Age": age, "Why": why})
}

func textNextAutomatic(when string) string {
	return lang.L("The next is due on {{.When}}.", with{"When": when})
}

func textNextWhenRunning() string { return lang.L("The next is due once the VM runs.") }

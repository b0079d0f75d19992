//go:build !nogui

package desktop

import (
	"time"

	"fyne.io/fyne/v2/lang"

	"vmterminal/app"
)

// with is the values of a text's {{.Name}} places.
type with = map[string]any

// Every text of window and tray stands in the files text*.go, and goes through
// Fyne's translation. The English text is its own key.

func textTitle(vm string) string {
	if vm == "" {
		return "VMTerminal"
	}
	return "VMTerminal — " + vm
}

// textAge is how long ago something was, in the widest unit.
func textAge(t, now time.Time) string {
	d := now.Sub(t)
	switch {
	case t.IsZero():
		return ""
	case d < 45*time.Second:
		return lang.L("just now")
	case d < time.Hour:
		return lang.L("{{.N}} min ago", with{"N": max(1, int(d.Minutes()))})
	case d < 48*time.Hour:
		return lang.L("{{.N}} h ago", with{"N": int(d.Hours())})
	case d < 60*24*time.Hour:
		return lang.L("{{.N}} days ago", with{"N": int(d.Hours() / 24)})
	default:
		return t.Local().Format("2 Jan 2006")
	}
}

// textSpan is a length of time in words.
func textSpan(d time.Duration) string {
	switch {
	case d < time.Minute:
		return lang.L("less than a minute")
	case d < 2*time.Hour:
		return lang.L("{{.N}} min", with{"N": int(d.Minutes())})
	case d < 48*time.Hour:
		return lang.L("{{.N}} hours", with{"N": int(d.Hours())})
	default:
		return lang.L("{{.N}} days", with{"N": int(d.Hours() / 24)})
	}
}

func textState(s app.VMState) string {
	switch s {
	case app.Stopped:
		return lang.L("stopped")
	case app.Starting:
		return lang.L("starting")
	case app.Running:
		return lang.L("running")
	case app.Paused:
		return lang.L("paused")
	case app.Stopping:
		return lang.L("stopping")
	case app.Lost:
		return lang.L("not answering")
	case app.Broken:
		return lang.L("broken")
	default:
		return string(s)
	}
}

func textTaken(s app.Snapshot) string {
	switch {
	case s.State == "missing":
		return lang.L("file is missing")
	case s.State == "damaged":
		return lang.L("damaged")
	case s.Taken == "stopped":
		return lang.L("stopped")
	case s.Taken == "frozen":
		return lang.L("frozen")
	case s.Taken == "crash-consistent":
		return lang.L("crash-consistent")
	case s.State == "imported":
		return lang.L("imported")
	default:
		return s.Taken
	}
}

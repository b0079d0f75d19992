// Package words holds the texts of the window and the tray that depend on data: states,
// reasons, phases, findings and problems, with the formats of sizes and times, and the
// translations of all texts. Other texts are passed to Fyne's lang where they are shown. The
// English text is the key of its translations. The package imports only lang from Fyne.
package words

import (
	"time"

	"fyne.io/fyne/v2/lang"

	"vmterminal/app"
)

// Values are the values for the {{.Name}} placeholders of a text.
type Values = map[string]any

// Title returns the title of the window while vm is selected; vm may be empty.
func Title(vm string) string {
	if vm == "" {
		return "VMTerminal"
	}
	return "VMTerminal — " + vm
}

// Age returns how long ago t was, in the largest suitable unit, or "" if t is zero.
func Age(t, now time.Time) string {
	d := now.Sub(t)
	switch {
	case t.IsZero():
		return ""
	case d < 45*time.Second:
		return lang.L("just now")
	case d < time.Hour:
		return lang.L("{{.N}} min ago", Values{"N": max(1, int(d.Minutes()))})
	case d < 48*time.Hour:
		return lang.L("{{.N}} h ago", Values{"N": int(d.Hours())})
	case d < 60*24*time.Hour:
		return lang.L("{{.N}} days ago", Values{"N": int(d.Hours() / 24)})
	default:
		return t.Local().Format("2 Jan 2006")
	}
}

// Span returns a duration in words.
func Span(d time.Duration) string {
	switch {
	case d < time.Minute:
		return lang.L("less than a minute")
	case d < 2*time.Hour:
		return lang.L("{{.N}} min", Values{"N": int(d.Minutes())})
	case d < 48*time.Hour:
		return lang.L("{{.N}} hours", Values{"N": int(d.Hours())})
	default:
		return lang.L("{{.N}} days", Values{"N": int(d.Hours() / 24)})
	}
}

// VMState returns the name of a state.
func VMState(s app.VMState) string {
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
		return lang.L("not responding")
	case app.Broken:
		return lang.L("broken")
	default:
		return string(s)
	}
}

// Description returns the description of a snapshot or, without one, why the program took it.
func Description(s app.Snapshot) string {
	value := app.Plain(s.Purpose.Value)
	switch {
	case s.Description != "" || s.Purpose.Code == "":
		return app.Plain(s.Description)
	case s.Purpose.Code == app.PurposeAutomatic:
		return lang.L("Taken automatically, every {{.Interval}}", Values{"Interval": value})
	case s.Purpose.Code == app.PurposeTry:
		return lang.L("Before trying: {{.Command}}", Values{"Command": value})
	case s.Purpose.Code == app.PurposeUndo && value == "":
		return lang.L("The disk before the last restore")
	case s.Purpose.Code == app.PurposeUndo:
		return lang.L("The disk before the restore of “{{.Name}}”", Values{"Name": value})
	default:
		return unknownCode(app.Plain(s.Purpose.Code))
	}
}

// SnapshotProblem describes what is wrong with a snapshot, or returns "" if nothing is.
func SnapshotProblem(s app.Snapshot) string {
	if s.DamageFoundAt.IsZero() {
		return Cause(s.Problem)
	}
	return lang.L("{{.Problem}} (found on {{.Date}})", Values{"Problem": Cause(s.Problem), "Date": s.DamageFoundAt.Local().Format("2 Jan 2006")})
}

// ImageNote returns the text of the note about an image, or "" without a note.
func ImageNote(found app.FoundImage) string {
	switch n := found.Note; n.Code {
	case "":
		return ""
	case app.ImageOffline:
		return lang.L("There is no connection. {{.Image}} is used as it was on {{.Date}}.", Values{"Image": found.Name, "Date": n.Added.Local().Format("2 Jan 2006")})
	case app.ImageOutdated:
		return lang.L("{{.Image}} is offered in version {{.Version}}, but version {{.Earlier}} was offered before. The server may be outdated, or an attacker may be holding back updates.",
			Values{"Image": found.Name, "Version": found.Version, "Earlier": n.Earlier})
	case app.ImageUnchecked:
		return lang.L("VMTerminal cannot determine whether {{.Image}} is outdated: {{.Error}}", Values{"Image": found.Name, "Error": n.Detail})
	default:
		return unknownCode(string(n.Code))
	}
}

// Taken returns how a snapshot was taken, or what is wrong with its file.
func Taken(s app.Snapshot) string {
	switch {
	case s.State == app.SnapshotMissing:
		return lang.L("file is missing")
	case s.State == app.SnapshotDamaged:
		return lang.L("damaged")
	case s.Taken == app.TakenStopped:
		return lang.L("stopped")
	case s.Taken == app.TakenFrozen:
		return lang.L("frozen")
	case s.Taken == app.TakenCrashConsistent:
		return lang.L("crash-consistent")
	case s.State == app.SnapshotImported:
		return lang.L("imported")
	default:
		return string(s.Taken)
	}
}

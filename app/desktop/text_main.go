//go:build !nogui

package desktop

import (
	"fyne.io/fyne/v2/lang"
)

// The window.

func textVMs() string             { return lang.L("VMs") }
func textSnapshots() string       { return lang.L("Snapshots") }
func textSnapshot() string        { return lang.L("Snapshot") }
func textStart() string           { return lang.L("Start") }
func textStop() string            { return lang.L("Stop") }
func textCancel() string          { return lang.L("Cancel") }
func textClose() string           { return lang.L("Close") }
func textDelete() string          { return lang.L("Delete") }
func textRestore() string         { return lang.L("Restore") }
func textDots(s string) string    { return s + "…" }
func textCreating() string        { return lang.L("Creating the VM…") }
func textStartingDots() string    { return lang.L("Starting…") }
func textStoppingDots() string    { return lang.L("Stopping…") }
func textHere() string            { return lang.L("you are here") }
func textNoVM() string            { return lang.L("No VM is chosen") }
func textConnecting() string      { return lang.L("Opening the console…") }
func textNoSnapshot() string      { return lang.L("No snapshot yet") }
func textWithoutSnapshot() string { return lang.L("no snapshot yet") }
func textNoSnapshots() string {
	return lang.L("Take one before you try something: it takes seconds, and so does going back.")
}
func textFirstTitle() string  { return lang.L("Create your first VM") }
func textFirstButton() string { return lang.L("Create and start") }

func textFirstAbout() string {
	return lang.L("A small Linux machine of your own, ready in seconds. Break anything in it: a snapshot brings it back.")
}

func textVMAge(age string) string { return lang.L("snapshot {{.Age}}", with{"Age": age}) }

func textOff(vm string) string { return lang.L("{{.VM}} is off", with{"VM": vm}) }

// textTrouble is why a VM stands still, in the window's language where it is one
// of the usual reasons.
func textTrouble(why string) string {
	switch why {
	case "the host's disk is full; free some space, then resume":
		return lang.L("the host's disk is full; free some space, then resume")
	case "the host could not read or write the disk":
		return lang.L("the host could not read or write the disk")
	case "the accelerator failed":
		return lang.L("the accelerator failed")
	default:
		return textHow(why)
	}
}

// textLeft says how a VM ended; the age is "" where nobody wrote down when.
func textLeft(how, age string) string {
	if age == "" {
		return lang.L("It last left: {{.How}}", with{"How": textHow(how)})
	}
	return lang.L("It left {{.Age}}: {{.How}}", with{"How": textHow(how), "Age": age})
}

// textHow is how a VM ended in the window's language, where it is one of the
// usual ways.
func textHow(how string) string {
	switch how {
	case "stopped on request":
		return lang.L("stopped on request")
	case "powered off by the guest":
		return lang.L("powered off by the guest")
	case "forced off on request":
		return lang.L("forced off on request")
	case "the host process was told to end":
		return lang.L("the host process was told to end")
	case "the guest's kernel panicked":
		return lang.L("the guest's kernel panicked")
	case "QEMU was ended by a signal":
		return lang.L("QEMU was ended by a signal")
	case "ended without a record: its host process was killed, or the power failed":
		return lang.L("ended without a record: its host process was killed, or the power failed")
	default:
		return how
	}
}

// textDayForm is how dates are written, as time.Format has it.
func textDayForm() string { return lang.X("form.day", "2 Jan 2006, 15:04:05") }

func textBrokenNext() string {
	return lang.L("A snapshot brings it back: Restore, or New VM from a snapshot.")
}

func textBroken(vm string) string { return lang.L("{{.VM}} cannot be used", with{"VM": vm}) }

func textNoConsole(vm string) string {
	return lang.L("The console of {{.VM}} cannot be opened", with{"VM": vm})
}

func textUp(span string) string { return lang.L("up {{.Span}}", with{"Span": span}) }

func textCPUUse(percent int) string { return lang.L("CPU {{.N}} %", with{"N": percent}) }

func textMemoryUse(size string) string { return lang.L("memory {{.Size}}", with{"Size": size}) }

func textDoing(doing string) string { return lang.L("busy: {{.Doing}}", with{"Doing": doing}) }

// The labels of facts about a snapshot.

func textFactCreated() string { return lang.L("Created") }
func textFactTaken() string   { return lang.L("Taken") }
func textFactDisk() string    { return lang.L("Disk size") }
func textFactFile() string    { return lang.L("File size") }
func textFactDigest() string  { return lang.L("Digest") }
func textFactVM() string      { return lang.L("Made in") }
func textFactTrouble() string { return lang.L("Trouble") }

func textHeld(taken, held string) string {
	return lang.L("{{.Taken}}, guest held {{.Held}}", with{"Taken": taken, "Held": held})
}

func textForeign() string { return lang.L("a plain gzip file: checked by CRC only") }

func textOfDisk(file, ratio string) string {
	return lang.L("{{.File}} ({{.Ratio}} of the disk)", with{"File": file, "Ratio": ratio})
}

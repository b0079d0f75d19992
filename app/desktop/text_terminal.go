//go:build !nogui

package desktop

import (
	"strings"

	"fyne.io/fyne/v2/lang"
)

// The terminals and their tabs.

func textMenuShell() string    { return lang.L("Shell") }
func textConsole() string      { return lang.L("Console") }
func textNewShell() string     { return lang.L("New shell") }
func textCloseShell() string   { return lang.L("Close shell") }
func textNextTab() string      { return lang.L("Next tab") }
func textPreviousTab() string  { return lang.L("Previous tab") }
func textNoShell() string      { return lang.L("The shell cannot be opened") }
func textTryAgain() string     { return lang.L("Try again") }
func textOpenAgain() string    { return lang.L("Open again") }
func textOpeningShell() string { return lang.L("Opening the shell…") }
func textShellOver() string    { return lang.L("The shell has ended") }
func textShellEnded() string   { return lang.L("It ended in order.") }
func textBoots() string {
	return lang.L("The guest has only just started: its agent does not answer yet")
}

func textNoAgentYet() string { return lang.L("Waiting for the guest") }

func textNoAgentYetAbout() string {
	return lang.L("Its agent does not answer yet. The shell opens as soon as the guest has booted; until then there is its console.")
}

func textShell(number int) string { return lang.L("Shell {{.N}}", with{"N": number}) }

func textShellExit(code int) string {
	return lang.L("It ended with exit code {{.Code}}.", with{"Code": code})
}

func textShellOverAbout(how string) string {
	return how + "\n" + lang.L("Ctrl+Shift+W closes the tab.")
}

func textShellStartFirst() string {
	return lang.L("A shell runs inside the guest: start the VM first.")
}

// Shells in which something runs.

func textCloseShellTitle(number int) string {
	return lang.L("Close shell {{.N}}?", with{"N": number})
}

func textCloseShellAbout(busy busyShell) string {
	if busy.program == "" {
		return lang.L("The guest cannot tell whether a program runs in it. If one does, it ends with the shell.")
	}
	return lang.L("{{.Program}} runs in it and ends with the shell.", with{"Program": busy.program})
}

func textQuitShellsTitle() string { return lang.L("Programs run in shells") }
func textEndAndQuit() string      { return lang.L("End them and quit") }

func textQuitShellsAbout(busy []busyShell) string {
	lines := make([]string, 0, len(busy)+1)
	for _, b := range busy {
		values := with{"VM": b.vm, "N": b.number, "Program": b.program}
		if b.program == "" {
			lines = append(lines, lang.L("Shell {{.N}} of {{.VM}}: the guest cannot tell what runs", values))
			continue
		}
		lines = append(lines, lang.L("Shell {{.N}} of {{.VM}}: {{.Program}}", values))
	}
	return strings.Join(append(lines, lang.L("Shells end with the window, and what runs in them. What runs on a console goes on.")), "\n")
}

// Finding text.

func textFind() string      { return lang.L("Find") }
func textFindHint() string  { return lang.L("Find in the terminal") }
func textMatchCase() string { return lang.L("Match case") }
func textNotFound() string  { return lang.L("not found") }

func textFound(here, count int, more bool) string {
	values := with{"Here": here, "Count": count}
	switch {
	case here == 0:
		return lang.L("{{.Count}} found", values)
	case more:
		return lang.L("{{.Here}} of the last {{.Count}}", values)
	default:
		return lang.L("{{.Here}} of {{.Count}}", values)
	}
}

// Pasting, scrolling.

func textPasteLostTitle() string { return lang.L("Nothing was pasted") }
func textNoBrowser() string      { return lang.L("The page cannot be opened") }
func textBelow() string          { return lang.L("New output below") }

func textPasteTitle(lines int) string {
	if lines == 1 {
		return lang.L("Paste a line that is carried out at once?")
	}
	return lang.L("Paste {{.N}} lines?", with{"N": lines})
}

func textPasteAbout() string {
	return lang.L("What runs in this terminal does not tell pasted text from typed text: each line is carried out at once.")
}

func textMoreLines(lines int) string { return lang.L("and {{.N}} more", with{"N": lines}) }

func textPasteLost() string {
	return lang.L("The guest has not read what was sent before, and there is no room for more. Wait until it does, or paste less at a time.")
}

func textLink(address string) string {
	return lang.L("Ctrl+click opens {{.Address}}", with{"Address": address})
}

// The keys and clicks that no menu has.
func textKeyAlt() string  { return lang.L("Alt") }
func textMenuBar() string { return lang.L("The menus above") }
func textKeyMenu() string { return lang.L("Menu key") }
func textChosenMenu() string {
	return lang.L("Menu of the chosen VM or snapshot")
}
func textKeysPages() string  { return lang.L("Shift+PgUp, PgDn") }
func textScrollBack() string { return lang.L("Scroll through the terminal's text") }
func textCtrlClick() string  { return lang.L("Ctrl+click") }
func textOpenLink() string   { return lang.L("Open a link in the terminal") }

package window

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"fyne.io/fyne/v2/lang"

	"vmterminal/app"
	"vmterminal/app/desktop/words"
)

// programGuard asks guests which programs run in their terminals, before an operation that
// would end them.
type programGuard struct {
	*model

	svc programService
	// askingShells is set while guests are asked which programs run in their shells.
	askingShells bool
	// askingPrograms is set while guests are asked which programs run in their terminals.
	askingPrograms bool
}

// busyShell is a shell in which a program is running.
type busyShell struct {
	vm      string
	number  int
	program string // "" if unknown
}

// programsTimeout is how long a guest may take to report the programs in its terminals.
const programsTimeout = time.Second

// busyVM is a VM in whose terminals programs are running.
type busyVM struct {
	name     string
	programs []string // empty if unknown
}

// unlessProgramsRun calls proceed if no program runs in the terminals of the VMs, and ask
// otherwise; see findPrograms.
func (pg *programGuard) unlessProgramsRun(vms []string, proceed func(), ask func([]busyVM)) {
	pg.findPrograms(vms, func(busy []busyVM) {
		if len(busy) == 0 {
			proceed()
			return
		}
		ask(busy)
	})
}

// askWithPrograms calls ask with the programs that run in the VM's terminals. If it had to
// wait for the guest, it calls ask only if the VM is still selected and no dialog is open;
// see findPrograms.
func (pg *programGuard) askWithPrograms(v app.VM, ask func([]busyVM)) {
	if !v.State.Alive() {
		ask(nil)
		return
	}
	pg.findPrograms([]string{v.Name}, func(busy []busyVM) {
		if len(pg.modal.dialogs) == 0 && pg.last.selected == v.Name {
			ask(busy)
		}
	})
}

// findPrograms asks guests in the background and calls found with the VMs in whose terminals
// programs run. It does nothing while an earlier call is waiting for guests.
func (pg *programGuard) findPrograms(vms []string, found func([]busyVM)) {
	if pg.askingPrograms {
		return
	}
	pg.askingPrograms = true
	busy := make([]busyVM, len(vms))
	pg.call(func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, programsTimeout)
		defer cancel()
		return forAll(vms, func(name string) error {
			at := slices.Index(vms, name)
			programs, err := pg.svc.Programs(ctx, name)
			if err == nil && len(programs) == 0 || errors.Is(err, app.ErrStopped) {
				return nil
			}
			busy[at].name = name
			for _, p := range programs {
				busy[at].programs = append(busy[at].programs, app.Plain(p))
			}
			return nil
		})
	}, func(error) {
		pg.askingPrograms = false
		found(slices.DeleteFunc(busy, func(b busyVM) bool { return b.name == "" }))
	})
}

// unlessShellsBusy asks guests in the background. It calls proceed if no program runs in the
// shells of tabs, and ask otherwise. It does nothing while an earlier call is waiting for
// guests.
func (pg *programGuard) unlessShellsBusy(tabs []*tab, proceed func(), ask func([]busyShell)) {
	if pg.askingShells {
		return
	}
	type query struct {
		busyShell

		shell app.Shell
	}
	var queries []query
	for _, t := range tabs {
		if t.shell.open != nil {
			queries = append(queries, query{busyShell{vm: t.vm, number: t.number}, t.shell.open})
		}
	}
	if len(queries) == 0 {
		proceed()
		return
	}
	pg.askingShells = true
	runs := make([]bool, len(queries))
	pg.call(func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, programsTimeout)
		defer cancel()
		answered := make(chan struct{})
		for i := range queries {
			go func() {
				q := &queries[i]
				name, err := q.shell.Program(ctx)
				q.program, runs[i] = app.Plain(name), name != "" || err != nil
				answered <- struct{}{}
			}()
		}
		for range queries {
			<-answered
		}
		return nil
	}, func(error) {
		pg.askingShells = false
		var busy []busyShell
		for i, q := range queries {
			if runs[i] {
				busy = append(busy, q.busyShell)
			}
		}
		if len(busy) == 0 {
			proceed()
			return
		}
		ask(busy)
	})
}

// allShells returns the tabs of all shells of all VMs.
func (c *consoles) allShells() []*tab {
	var shells []*tab
	c.each(func(t *tab) {
		if t.number > 0 {
			shells = append(shells, t)
		}
	})
	slices.SortFunc(shells, func(a, b *tab) int {
		return cmp.Or(strings.Compare(a.vm, b.vm), cmp.Compare(a.number, b.number))
	})
	return shells
}

func closeShellText(busy busyShell) string {
	if busy.program == "" {
		return lang.L("The guest cannot report whether a program is running in the shell. If so, closing the shell ends it.")
	}
	return lang.L("{{.Program}} is running in the shell. Closing the shell ends it.", words.Values{"Program": busy.program})
}

func quitShellsText(busy []busyShell) string {
	lines := make([]string, 0, len(busy)+1)
	for _, b := range busy {
		values := words.Values{"VM": b.vm, "N": b.number, "Program": b.program}
		if b.program == "" {
			lines = append(lines, lang.L("Shell {{.N}} of {{.VM}}: the guest cannot report what is running", values))
			continue
		}
		lines = append(lines, lang.L("Shell {{.N}} of {{.VM}}: {{.Program}}", values))
	}
	return strings.Join(append(lines, lang.L("Closing the window ends its shells and the programs in them. Programs on a console keep running.")), "\n")
}

func endProgramsText(busy []busyVM) string {
	lines := make([]string, 0, len(busy)+1)
	for _, b := range busy {
		values := words.Values{"VM": b.name, "Programs": strings.Join(b.programs, ", ")}
		if len(b.programs) == 0 {
			lines = append(lines, lang.L("{{.VM}}: the guest cannot report which programs run", values))
			continue
		}
		lines = append(lines, lang.L("{{.VM}}: {{.Programs}}", values))
	}
	return strings.Join(append(lines, lang.L("Programs running in its terminals will be stopped, and unsaved work is lost.")), "\n")
}

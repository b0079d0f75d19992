//go:build !nogui

package desktop

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"vmterminal/app"
)

// busyShell is a shell in which a program runs that would end with it.
type busyShell struct {
	vm      string
	number  int
	program string // "" if the guest cannot tell what runs
}

// programPatience is how long a guest may take to tell what runs in a shell.
const programPatience = time.Second

// ifNothingRuns goes on at once when no program runs in the shells of tabs, else
// it asks. It does not wait; asked again before the guests have answered, it does
// nothing.
func (w *window) ifNothingRuns(tabs []*tab, goOn func(), ask func([]busyShell)) {
	if w.askingShells {
		return
	}
	type question struct {
		busyShell

		shell app.Shell
	}
	var questions []question
	for _, t := range tabs {
		if t.shell.open != nil {
			questions = append(questions, question{busyShell{vm: t.vm, number: t.number}, t.shell.open})
		}
	}
	if len(questions) == 0 {
		goOn()
		return
	}
	w.askingShells = true
	runs := make([]bool, len(questions))
	w.call(func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, programPatience)
		defer cancel()
		told := make(chan struct{})
		for i := range questions {
			go func() {
				q := &questions[i]
				name, err := q.shell.Program(ctx)
				q.program, runs[i] = app.Plain(name), name != "" || err != nil
				told <- struct{}{}
			}()
		}
		for range questions {
			<-told
		}
		return nil
	}, func(error) {
		w.askingShells = false
		var busy []busyShell
		for i, q := range questions {
			if runs[i] {
				busy = append(busy, q.busyShell)
			}
		}
		if len(busy) == 0 {
			goOn()
			return
		}
		ask(busy)
	})
}

// allShells are the tabs of all VMs' shells.
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

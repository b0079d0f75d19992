package window

import (
	"context"
	"fmt"
	"time"

	"vmterminal/app"
)

func (f *fakeService) Start(_ context.Context, name string, _ app.StartOptions) error {
	if err := f.called("Start", name); err != nil {
		return err
	}
	f.change(func() {
		v := f.find(name)
		v.State, v.Accelerator, v.Since = app.Running, "tcg", time.Now()
		if f.consoles == nil {
			f.consoles = map[string]*fakeConsole{}
		}
		f.consoles[name] = newFakeConsole(name)
	})
	return nil
}

func (f *fakeService) Stop(_ context.Context, name string, opt app.StopOptions, report func(app.StopStep)) error {
	if err := f.called("Stop", fmt.Sprint(name, " ", opt.Force)); err != nil {
		return err
	}
	report(app.StopStep{Code: app.StopAskingGuest, Grace: app.DefaultGrace})
	f.stop(name)
	return nil
}

func (f *fakeService) Programs(_ context.Context, name string) ([]string, error) {
	if err := f.called("Programs", name); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.programs[name], nil
}

func (f *fakeService) stop(name string) {
	f.change(func() {
		v := f.find(name)
		v.State, v.ExitReason.Code, v.ExitedAt = app.Stopped, app.ExitGuestPoweredOff, time.Now()
		if c := f.consoles[name]; c != nil {
			c.end()
			delete(f.consoles, name)
		}
	})
}

func (f *fakeService) Pause(_ context.Context, name string) error {
	return f.turn("Pause", name, app.Paused)
}

func (f *fakeService) Resume(_ context.Context, name string) error {
	return f.turn("Resume", name, app.Running)
}

func (f *fakeService) turn(method, name string, to app.VMState) error {
	if err := f.called(method, name); err != nil {
		return err
	}
	f.change(func() { f.find(name).State = to })
	return nil
}

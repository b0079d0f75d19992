package app

import (
	"context"
	"os"
	"path/filepath"
	"time"

	"github.com/fsnotify/fsnotify"

	"vmterminal/app/schedule"
	"vmterminal/snapshot/durable"
)

// pollInterval limits how late Changes reports what file system events do not: states of
// running VMs, and changes on network file systems.
const pollInterval = 5 * time.Second

// Changes returns a channel that receives a value when something in the store may have changed,
// in any process. Several changes may be combined into one value. The channel is closed when ctx
// is done.
func (s *Service) Changes(ctx context.Context) <-chan struct{} {
	return watch(ctx, pollInterval, s.watchFolders, isRelevant)
}

// settingsChanges is like Changes, but only for changes of VM settings.
func (s *Service) settingsChanges(ctx context.Context) <-chan struct{} {
	settings := s.opt.Home.VMs()
	return watch(ctx, schedule.ClockCheckInterval,
		func(w *fsnotify.Watcher) { _ = w.Add(filepath.Dir(settings)) }, // if this fails, the poll notices changes
		func(e fsnotify.Event) bool { return e.Name == settings })
}

// watch returns a channel that receives a value for each event that matters, and once per
// interval. It calls folders repeatedly to add the folders to watch.
func watch(ctx context.Context, every time.Duration, folders func(*fsnotify.Watcher), matters func(fsnotify.Event) bool) <-chan struct{} {
	changed := make(chan struct{}, 1)
	go forwardEvents(ctx, changed, every, folders, matters)
	return changed
}

func forwardEvents(ctx context.Context, changed chan<- struct{}, every time.Duration, folders func(*fsnotify.Watcher), matters func(fsnotify.Event) bool) {
	defer close(changed)
	notify := func() {
		select {
		case changed <- struct{}{}:
		default:
		}
	}
	poll := time.NewTicker(every)
	defer poll.Stop()
	var events chan fsnotify.Event
	var errs chan error
	watcher, err := fsnotify.NewWatcher()
	if err == nil {
		defer watcher.Close()
		events, errs = watcher.Events, watcher.Errors
		folders(watcher)
	}
	notify() // for changes before the watch started
	for {
		select {
		case <-ctx.Done():
			return
		case <-poll.C:
			if watcher != nil {
				folders(watcher)
			}
			notify()
		case <-errs: //nolint:errcheck // events were lost
			notify()
		case e := <-events:
			if e.Has(fsnotify.Create) {
				folders(watcher)
			}
			if matters(e) {
				notify()
			}
		}
	}
}

// isRelevant reports whether Changes reports an event. It ignores files that change constantly
// while a VM runs.
func isRelevant(e fsnotify.Event) bool {
	switch filepath.Base(e.Name) {
	case "console.log", "host.log", "disk.raw":
		return e.Has(fsnotify.Create)
	default:
		return filepath.Ext(e.Name) != durable.TempSuffix
	}
}

// watchFolders adds all existing folders to w. Adding a folder again has no effect.
func (s *Service) watchFolders(w *fsnotify.Watcher) {
	home := s.opt.Home
	dirs := []string{string(home), home.Data()}
	entries, _ := os.ReadDir(home.Data()) // missing folders are added by the poll
	for _, e := range entries {
		if e.IsDir() {
			dir := home.VM(e.Name())
			dirs = append(dirs, string(dir), dir.Snapshots())
		}
	}
	for _, d := range dirs {
		_ = w.Add(d) // if this fails, the poll notices changes
	}
}

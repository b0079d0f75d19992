package app

import (
	"context"
	"os"
	"path/filepath"
	"time"

	"github.com/fsnotify/fsnotify"

	"vmterminal/app/ondisk"
)

// slowPoll finds what the watch of folders cannot tell: a state inside a
// running VM, a folder on a network disk.
const slowPoll = 5 * time.Second

// Changes tells when something in the store may have changed, by whichever
// process. The channel has room for one word: what comes meanwhile is the same
// word. It is closed when ctx ends.
func (s *Service) Changes(ctx context.Context) <-chan struct{} {
	return watch(ctx, slowPoll, s.watchFolders, matters)
}

// settingsChanges tells in the same way when the VMs' settings may have changed.
func (s *Service) settingsChanges(ctx context.Context) <-chan struct{} {
	settings := s.opt.Home.VMs()
	return watch(ctx, lookAgain,
		func(w *fsnotify.Watcher) { _ = w.Add(filepath.Dir(settings)) }, // out of watches: the slow poll sees it
		func(e fsnotify.Event) bool { return e.Name == settings })
}

// watch tells of events that matter, in the folders that are watched; these are
// looked up again at each poll.
func watch(ctx context.Context, every time.Duration, folders func(*fsnotify.Watcher), matters func(fsnotify.Event) bool) <-chan struct{} {
	changed := make(chan struct{}, 1)
	go follow(ctx, changed, every, folders, matters)
	return changed
}

func follow(ctx context.Context, changed chan<- struct{}, every time.Duration, folders func(*fsnotify.Watcher), matters func(fsnotify.Event) bool) {
	defer close(changed)
	tell := func() {
		select {
		case changed <- struct{}{}:
		default:
		}
	}
	poll := time.NewTicker(every)
	defer poll.Stop()
	var events chan fsnotify.Event
	var troubles chan error
	watcher, err := fsnotify.NewWatcher()
	if err == nil {
		defer watcher.Close()
		events, troubles = watcher.Events, watcher.Errors
		folders(watcher)
	}
	tell() // what changed before the watch stood
	for {
		select {
		case <-ctx.Done():
			return
		case <-poll.C:
			if watcher != nil {
				folders(watcher)
			}
			tell()
		case <-troubles: //nolint:errcheck // it only says that events were lost
			tell()
		case e := <-events:
			if e.Has(fsnotify.Create) {
				folders(watcher)
			}
			if matters(e) {
				tell()
			}
		}
	}
}

// matters leaves out the files that change all the time while a VM runs.
func matters(e fsnotify.Event) bool {
	switch filepath.Base(e.Name) {
	case "console.log", "host.log", "disk.raw":
		return e.Has(fsnotify.Create)
	default:
		return filepath.Ext(e.Name) != ondisk.TempSuffix
	}
}

// watchFolders watches the folders that there are now; one that is watched
// already stays so.
func (s *Service) watchFolders(w *fsnotify.Watcher) {
	home := s.opt.Home
	dirs := []string{string(home), home.Data()}
	entries, _ := os.ReadDir(home.Data()) // what is not there cannot be watched yet
	for _, e := range entries {
		if e.IsDir() {
			dir := home.VM(e.Name())
			dirs = append(dirs, string(dir), dir.Snapshots())
		}
	}
	for _, d := range dirs {
		_ = w.Add(d) // gone meanwhile, or out of watches: the slow poll sees it
	}
}

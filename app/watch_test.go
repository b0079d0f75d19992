package app

import (
	"context"
	"os"
	"testing"
	"time"

	"vmterminal/snapshot"
	"vmterminal/snapshot/durable"
	"vmterminal/vm"
	"vmterminal/vm/home"
)

func waitForChange(t *testing.T, changed <-chan struct{}, what string) {
	t.Helper()
	select {
	case <-changed:
	case <-time.After(guestLimit):
		t.Fatal("got no change after " + what)
	}
}

func TestChangesByOtherProcesses(t *testing.T) {
	root := home.Dir(t.TempDir())
	store := vm.OpenStore(root)
	fill := vm.FillDisk(func(f *os.File) error { return f.Truncate(1 << 20) })
	if err := store.Create(vm.Defaults("one"), fill); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	changed := watch(ctx, time.Hour, New(Options{Home: root}).watchFolders, isRelevant) // without polls
	waitForChange(t, changed, "the beginning")

	if err := store.Create(vm.Defaults("two"), fill); err != nil {
		t.Fatal(err)
	}
	waitForChange(t, changed, "a new VM")
	drain(changed)
	if err := os.WriteFile(snapshot.File(root.VM("one").Snapshots(), "copied"), []byte("x"), durable.FileMode); err != nil {
		t.Fatal(err)
	}
	waitForChange(t, changed, "a snapshot copied by hand")
	cancel()
	for range changed { // closed when the context is canceled
	}
}

func drain(c <-chan struct{}) {
	for {
		select {
		case <-c:
		case <-time.After(200 * time.Millisecond):
			return
		}
	}
}

package app

import (
	"context"
	"os"
	"testing"
	"time"

	"vmterminal/app/ondisk"
	"vmterminal/vm"
)

// waitFor receives one word of a change, well before the slow poll would tell.
func waitFor(t *testing.T, changed <-chan struct{}, what string) {
	t.Helper()
	select {
	case <-changed:
	case <-time.After(slowPoll - time.Second):
		t.Fatal("no word of " + what)
	}
}

func TestChangesOfOtherProcessesAreSeen(t *testing.T) {
	home := ondisk.Home(t.TempDir())
	store := vm.OpenStore(home)
	fill := vm.Fill(func(f *os.File) error { return f.Truncate(1 << 20) })
	if err := store.Create(vm.Defaults("one"), fill); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	changed := New(Options{Home: home}).Changes(ctx)
	waitFor(t, changed, "the beginning")

	if err := store.Create(vm.Defaults("two"), fill); err != nil {
		t.Fatal(err)
	}
	waitFor(t, changed, "a new VM")
	drain(changed)
	if err := os.WriteFile(ondisk.SnapshotFile(home.VM("one").Snapshots(), "copied"), []byte("x"), ondisk.FileMode); err != nil {
		t.Fatal(err)
	}
	waitFor(t, changed, "a snapshot copied by hand")
	cancel()
	for range changed { // closed when the context ends
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

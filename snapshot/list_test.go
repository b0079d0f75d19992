package snapshot

import (
	"context"
	"testing"
	"time"
)

// TestListDuringCreate lists the snapshots while a new one has its name but no row yet.
func TestListDuringCreate(t *testing.T) {
	dir := vmDir(t, content(1, mib))
	store := Open(dir)
	made := create(t, dir, "a")
	if err := store.changeRows(func(r *rows) (bool, error) { return r.remove("a"), nil }); err != nil {
		t.Fatal(err)
	}
	listed := make(chan []Info, 1)
	err := store.changeRows(func(r *rows) (bool, error) {
		go func() {
			list, _, err := store.List(context.Background())
			if err != nil {
				t.Error(err)
			}
			listed <- list
		}()
		select {
		case list := <-listed:
			t.Errorf("got %+v before the row was written, want nothing", list)
			listed <- list
		case <-time.After(50 * time.Millisecond): // time enough to be wrong
		}
		r.put(rowFromInfo(made))
		return true, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if list := <-listed; len(list) != 1 || list[0].State != StateOK {
		t.Errorf("got %+v, want 1 entry", list)
	}
}

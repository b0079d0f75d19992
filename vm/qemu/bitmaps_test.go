package qemu

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"reflect"
	"sync"
	"testing"

	"vmterminal/vm/nbd"
)

// taken is a point in time that was read to its end.
type taken struct {
	*PointInTime
	content []byte
	changed []nbd.Range // nil if not known
}

// take takes a point in time, reads it, and ends it; with keep its bitmap stays.
func (r *running) take(t *testing.T, track, since string, keep bool) taken {
	t.Helper()
	opt := r.options()
	opt.Track, opt.Since = track, since
	p, err := BeginPointInTime(t.Context(), r.client, opt)
	if err != nil {
		t.Fatal(err)
	}
	got := taken{PointInTime: p}
	if got.content, err = image(t, p); err != nil {
		t.Fatal(err)
	}
	if p.Changes != "" {
		if got.changed, err = ReadChanges(t.Context(), p.Socket, p.Export, p.Changes); err != nil {
			t.Fatal(err)
		}
	}
	if keep {
		p.Keep()
	}
	if err := p.End(t.Context()); err != nil {
		t.Fatal(err)
	}
	return got
}

// bitmapsAre fails the test unless just these are there.
func (r *running) bitmapsAre(t *testing.T, want ...string) {
	t.Helper()
	there, err := bitmaps(t.Context(), r.client)
	if err != nil || len(there) != len(want) {
		t.Fatalf("bitmaps %v, want %v; %v", there, want, err)
	}
	for _, name := range want {
		if !there[name].sound() {
			t.Errorf("bitmap %s: %+v", name, there[name])
		}
	}
}

func TestChangesSinceAPointInTime(t *testing.T) {
	r := start(t, diskSize+512, "")
	r.write(t, "write -P 0x11 0 8M")
	first := r.take(t, "vmterminal-a", "", true)
	if !first.Tracked || first.Changes != "" {
		t.Errorf("%+v", first.PointInTime)
	}
	r.bitmapsAre(t, "vmterminal-a")
	if same := r.take(t, "vmterminal-b", "vmterminal-a", false); same.Changes == "" || same.changed != nil {
		t.Errorf("nothing was written, and %q has changed: %v", same.Changes, same.changed)
	}
	r.bitmapsAre(t, "vmterminal-a")

	r.write(t, "write -P 0x22 1M 512")
	r.write(t, "discard 3M 64k")
	// What is not kept loses nothing for the next one.
	for range 2 {
		got := r.take(t, "vmterminal-b", "vmterminal-a", false)
		want := []nbd.Range{{Start: 1 << 20, End: 2 << 20}, {Start: 3 << 20, End: 4 << 20}}
		if !reflect.DeepEqual(got.changed, want) {
			t.Errorf("changed %v, want %v", got.changed, want)
		}
		r.bitmapsAre(t, "vmterminal-a")
	}
	r.take(t, "vmterminal-b", "vmterminal-a", true)
	r.bitmapsAre(t, "vmterminal-a", "vmterminal-b")
	if err := RemoveBitmap(t.Context(), r.client, "vmterminal-a"); err != nil {
		t.Fatal(err)
	}
	r.write(t, fmt.Sprintf("write -P 0x33 %d 512", diskSize)) // the short last MiB
	got := r.take(t, "vmterminal-c", "vmterminal-b", false)
	if want := []nbd.Range{{Start: diskSize, End: diskSize + 512}}; !reflect.DeepEqual(got.changed, want) {
		t.Errorf("changed %v, want %v", got.changed, want)
	}
	if lost := r.take(t, "vmterminal-c", "vmterminal-a", false); lost.Changes != "" {
		t.Error("the changes since a bitmap that is gone are known")
	}
	if err := CleanPointInTime(t.Context(), r.client); err != nil {
		t.Fatal(err)
	}
	r.bitmapsAre(t)
	if err := RemoveBitmap(t.Context(), r.client, "vmterminal-a"); err != nil {
		t.Error("remove one that is not there:", err)
	}
	if _, err := ReadChanges(t.Context(), "/nowhere", "snap", "x"); err == nil {
		t.Error("changes were read from nowhere")
	}
}

// A bitmap that does not record says nothing about what was written.
func TestChangesOfADoubtfulBitmap(t *testing.T) {
	r := start(t, diskSize, "")
	r.take(t, "vmterminal-a", "", true)
	args := props{"node": diskNode, "name": "vmterminal-a"}
	if err := r.client.Do(t.Context(), "block-dirty-bitmap-disable", args, nil); err != nil {
		t.Fatal(err)
	}
	r.write(t, "write -P 0x22 1M 512")
	if got := r.take(t, "vmterminal-b", "vmterminal-a", false); got.Changes != "" {
		t.Errorf("the changes are %v, by a bitmap that was stopped", got.changed)
	}
}

// TestChangesMissNothing: while a guest writes, zeroes and trims everywhere, all
// that differs between two points in time is among the changes.
func TestChangesMissNothing(t *testing.T) {
	r := start(t, diskSize, "")
	r.write(t, "write -P 0x11 0 8M")
	before := r.take(t, "vmterminal-0", "", true)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	defer wg.Wait()
	defer close(stop)
	wg.Go(func() {
		for n := 0; ; n++ {
			select {
			case <-stop:
				return
			default:
			}
			how := []string{fmt.Sprintf("write -P 0x%x", n%250+1), "write -z", "discard"}[n%3]
			r.write(t, fmt.Sprintf("%s %d 4k", how, rand.IntN(diskSize/4096)*4096))
		}
	})
	differ := 0
	for round := 1; round <= 10; round++ {
		since := fmt.Sprintf("vmterminal-%d", round-1)
		now := r.take(t, fmt.Sprintf("vmterminal-%d", round), since, true)
		if now.Changes == "" {
			t.Fatal("the changes are not known")
		}
		for at := 0; at < diskSize; at += 4096 {
			if bytes.Equal(before.content[at:at+4096], now.content[at:at+4096]) {
				continue
			}
			if differ++; !within4k(now.changed, int64(at)) {
				t.Fatalf("round %d: the block at %d has changed, and is not in %v", round, at, now.changed)
			}
		}
		if err := RemoveBitmap(t.Context(), r.client, since); err != nil {
			t.Fatal(err)
		}
		before = now
	}
	if differ == 0 {
		t.Error("nothing was written while points in time were taken")
	}
}

func within4k(ranges []nbd.Range, at int64) bool {
	for _, r := range ranges {
		if r.Start <= at && at+4096 <= r.End {
			return true
		}
	}
	return false
}

func TestWriteCount(t *testing.T) {
	r := start(t, diskSize, "")
	count := func() int64 {
		n, err := WriteCount(t.Context(), r.client)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	before := count()
	if p := r.take(t, "", "", false); p.Writes != before {
		t.Errorf("at the moment: %d writes, want %d", p.Writes, before)
	}
	if got := count(); got != before {
		t.Errorf("a point in time writes: %d, was %d", got, before)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := WriteCount(ctx, r.client); err == nil {
		t.Error("counted after the context's end")
	}
}

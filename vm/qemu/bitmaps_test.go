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

// readPointInTime is a point in time that was read completely.
type readPointInTime struct {
	*PointInTime
	content []byte
	changed []nbd.Range // nil if not known
}

// takePointInTime takes, reads and ends a point in time. If keep is true, its bitmap is preserved.
func (r *testVM) takePointInTime(t *testing.T, track, since string, keep bool) readPointInTime {
	t.Helper()
	opt := r.options()
	opt.Track, opt.Since = track, since
	p, err := BeginPointInTime(t.Context(), r.client, opt)
	if err != nil {
		t.Fatal(err)
	}
	got := readPointInTime{PointInTime: p}
	if got.content, err = readImage(t, p); err != nil {
		t.Fatal(err)
	}
	if p.Changes != "" {
		if got.changed, err = ReadChanges(t.Context(), p.Socket, p.Export, p.Changes); err != nil {
			t.Fatal(err)
		}
	}
	if keep {
		p.KeepBitmap()
	}
	if err := p.End(t.Context()); err != nil {
		t.Fatal(err)
	}
	return got
}

// checkBitmaps checks that exactly these bitmaps exist.
func (r *testVM) checkBitmaps(t *testing.T, want ...string) {
	t.Helper()
	there, err := queryBitmaps(t.Context(), r.client, diskNode)
	if err != nil || len(there) != len(want) {
		t.Fatalf("bitmaps = %v, want %v; error %v", there, want, err)
	}
	for _, name := range want {
		if !there[name].isUsable() {
			t.Errorf("bitmap %s: got %+v, want it usable", name, there[name])
		}
	}
}

func TestChangesSinceAPointInTime(t *testing.T) {
	r := startMachine(t, diskSize+512, "")
	r.write(t, "write -P 0x11 0 8M")
	first := r.takePointInTime(t, "vmterminal-a", "", true)
	if !first.Tracked || first.Changes != "" {
		t.Errorf("take: got %+v, want it tracked, without changes", first.PointInTime)
	}
	r.checkBitmaps(t, "vmterminal-a")
	if same := r.takePointInTime(t, "vmterminal-b", "vmterminal-a", false); same.Changes == "" || same.changed != nil {
		t.Errorf("got changes %q with blocks %v, want none", same.Changes, same.changed)
	}
	r.checkBitmaps(t, "vmterminal-a")

	r.write(t, "write -P 0x22 1M 512")
	r.write(t, "discard 3M 64k")
	// A bitmap that is not preserved does not affect the next one.
	for range 2 {
		got := r.takePointInTime(t, "vmterminal-b", "vmterminal-a", false)
		want := []nbd.Range{{Start: 1 << 20, End: 2 << 20}, {Start: 3 << 20, End: 4 << 20}}
		if !reflect.DeepEqual(got.changed, want) {
			t.Errorf("changed %v, want %v", got.changed, want)
		}
		r.checkBitmaps(t, "vmterminal-a")
	}
	r.takePointInTime(t, "vmterminal-b", "vmterminal-a", true)
	r.checkBitmaps(t, "vmterminal-a", "vmterminal-b")
	if err := RemoveBitmap(t.Context(), r.client, "vmterminal-a"); err != nil {
		t.Fatal(err)
	}
	r.write(t, fmt.Sprintf("write -P 0x33 %d 512", diskSize)) // the short last MiB
	got := r.takePointInTime(t, "vmterminal-c", "vmterminal-b", false)
	if want := []nbd.Range{{Start: diskSize, End: diskSize + 512}}; !reflect.DeepEqual(got.changed, want) {
		t.Errorf("changed %v, want %v", got.changed, want)
	}
	if lost := r.takePointInTime(t, "vmterminal-c", "vmterminal-a", false); lost.Changes != "" {
		t.Error("got changes since a removed bitmap, want none")
	}
	if err := CleanPointInTime(t.Context(), r.client); err != nil {
		t.Fatal(err)
	}
	r.checkBitmaps(t)
	if err := RemoveBitmap(t.Context(), r.client, "vmterminal-a"); err != nil {
		t.Error("RemoveBitmap without the bitmap: got error", err)
	}
	if _, err := ReadChanges(t.Context(), "/nowhere", "snap", "x"); err == nil {
		t.Error("ReadChanges without a socket: got no error, want one")
	}
}

// A disabled bitmap does not record later writes, so the changes are unknown.
func TestChangesOfDisabledBitmap(t *testing.T) {
	r := startMachine(t, diskSize, "")
	r.takePointInTime(t, "vmterminal-a", "", true)
	args := props{"node": diskNode, "name": "vmterminal-a"}
	if err := r.client.Do(t.Context(), "block-dirty-bitmap-disable", args, nil); err != nil {
		t.Fatal(err)
	}
	r.write(t, "write -P 0x22 1M 512")
	if got := r.takePointInTime(t, "vmterminal-b", "vmterminal-a", false); got.Changes != "" {
		t.Errorf("got changes %v from a disabled bitmap, want none", got.changed)
	}
}

// While a guest writes, zeroes and trims everywhere, the changes contain every difference
// between two points in time.
func TestChangesMissNothing(t *testing.T) {
	r := startMachine(t, diskSize, "")
	r.write(t, "write -P 0x11 0 8M")
	before := r.takePointInTime(t, "vmterminal-0", "", true)
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
		now := r.takePointInTime(t, fmt.Sprintf("vmterminal-%d", round), since, true)
		if now.Changes == "" {
			t.Fatal("got no changes, want some")
		}
		for at := 0; at < diskSize; at += 4096 {
			if bytes.Equal(before.content[at:at+4096], now.content[at:at+4096]) {
				continue
			}
			if differ++; !containsBlock(now.changed, int64(at)) {
				t.Fatalf("round %d: got changes %[3]v, want the block at %[2]d among them", round, at, now.changed)
			}
		}
		if err := RemoveBitmap(t.Context(), r.client, since); err != nil {
			t.Fatal(err)
		}
		before = now
	}
	if differ == 0 {
		t.Error("got no changed blocks during the points in time, want some")
	}
}

func containsBlock(ranges []nbd.Range, at int64) bool {
	for _, r := range ranges {
		if r.Start <= at && at+4096 <= r.End {
			return true
		}
	}
	return false
}

func TestWriteCount(t *testing.T) {
	r := startMachine(t, diskSize, "")
	count := func() int64 {
		n, err := WriteCount(t.Context(), r.client)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	before := count()
	if p := r.takePointInTime(t, "", "", false); p.Writes != before {
		t.Errorf("WriteCount at the point in time = %d, want %d", p.Writes, before)
	}
	if got := count(); got != before {
		t.Errorf("WriteCount after the point in time = %d, want %d", got, before)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := WriteCount(ctx, r.client); err == nil {
		t.Error("WriteCount with a canceled context: got no error, want one")
	}
}

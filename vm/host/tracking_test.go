package host

import (
	"testing"
	"time"

	"vmterminal/vm/nbd"
	"vmterminal/vm/qemu"
)

// keptPointInTime takes one and says that it became the snapshot of that ID.
func (v *testVM) keptPointInTime(c *Client, id string) PointInTime {
	v.t.Helper()
	pit, err := c.BeginPointInTime(v.t.Context())
	if err != nil {
		v.t.Fatal(err)
	}
	if err := pit.Kept(v.t.Context(), SnapshotRef{ID: id, Digest: "digest of " + id}); err != nil {
		v.t.Fatal(err)
	}
	if err := pit.Close(); err != nil {
		v.t.Fatal(err)
	}
	return pit
}

// TestTrackingOfAGuest follows what a real guest changes between snapshots.
func TestTrackingOfAGuest(t *testing.T) {
	t.Parallel()
	v := newGuest(t)
	c := v.start()
	x := v.attach(c)
	x.expect(prompt)
	v.waitUntil(c, func(s State) bool { return s.Agent })
	if got := v.state(c).UnchangedSince; got != "" {
		t.Fatalf("unchanged since %q before there was a snapshot", got)
	}

	// A guest that has booted comes to rest; from then on nothing changes.
	for deadline := time.Now().Add(time.Minute); ; {
		if pit := v.keptPointInTime(c, "first"); pit.Taken != TakenFrozen {
			t.Fatalf("taken %s", pit.Taken)
		}
		if v.state(c).UnchangedSince == "first" {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("an idle guest changes its disk all the time")
		}
	}
	if got := v.state(c).UnchangedSince; got != "first" {
		t.Errorf("an idle guest: unchanged since %q", got)
	}

	x.send("head -c 3000000 /dev/urandom >/new; sync; echo wrote-$((1+1))")
	x.expect("wrote-2")
	if got := v.state(c).UnchangedSince; got != "" {
		t.Errorf("after writing: unchanged since %q", got)
	}
	// One that becomes no snapshot loses nothing for the next.
	for range 2 {
		pit, err := c.BeginPointInTime(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if pit.Changes == "" || pit.Since.ID != "first" || pit.Since.Digest != "digest of first" {
			t.Fatalf("%+v", pit)
		}
		changed, err := qemu.ReadChanges(t.Context(), pit.Socket, pit.Export, pit.Changes)
		if err != nil {
			t.Fatal(err)
		}
		if n := length(changed); n < 3000000 || n > pit.Size/2 {
			t.Errorf("%d of %d bytes have changed: %v", n, pit.Size, changed)
		}
		if err := pit.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := (PointInTime{ID: "nonsense", client: c}).Kept(t.Context(), SnapshotRef{ID: "second"}); err == nil {
		t.Error("a point in time that is not there became a snapshot")
	}

	// With the host process, what it knew is lost: then nothing is claimed.
	first := v.state(c)
	v.kill(first.PID, 9)
	v.spec.Adopt = true
	c = v.start()
	if now := v.state(c); now.QEMUPID != first.QEMUPID || now.UnchangedSince != "" {
		t.Fatalf("taken over: %+v", now)
	}
	v.waitUntil(c, func(s State) bool { return s.Agent })
	pit, err := c.BeginPointInTime(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if pit.Changes != "" || pit.Since != (SnapshotRef{}) {
		t.Errorf("changes are known after a takeover: %+v", pit)
	}
	if err := c.Stop(t.Context(), StopRequest{Force: true}, nil); err != nil {
		t.Fatal(err)
	}
}

func length(ranges []nbd.Range) (n int64) {
	for _, r := range ranges {
		n += r.End - r.Start
	}
	return n
}

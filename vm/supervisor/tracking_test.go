package supervisor

import (
	"testing"
	"time"

	"vmterminal/vm/nbd"
	"vmterminal/vm/qemu"
	"vmterminal/vm/supervisor/client"
)

// recordPointInTime creates a point in time and records that it became the snapshot id.
func (v *testVM) recordPointInTime(c *client.Client, id string) {
	v.t.Helper()
	pit := v.beginFrozen(c)
	if err := pit.RecordSnapshot(v.t.Context(), client.SnapshotRef{ID: id, Digest: "digest of " + id}); err != nil {
		v.t.Fatal(err)
	}
	if err := pit.Close(); err != nil {
		v.t.Fatal(err)
	}
}

// TestTrackingOfGuest tracks the changes of a real guest between snapshots.
func TestTrackingOfGuest(t *testing.T) {
	t.Parallel()
	v := newGuest(t)
	c := v.start()
	x := v.attach(c)
	x.expect(prompt)
	v.waitUntil(c, func(s client.State) bool { return s.Agent })
	if got := v.state(c).UnchangedSince; got != "" {
		t.Fatalf("unchanged since %q before there was a snapshot, want none", got)
	}

	// Some time after its boot an idle guest no longer writes.
	for deadline := time.Now().Add(10 * time.Minute); ; {
		v.recordPointInTime(c, "first")
		if v.state(c).UnchangedSince == "first" {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("an idle guest still writes to its disk")
		}
	}

	x.send("head -c 3000000 /dev/urandom >/new; sync; echo wrote-$((1+1))")
	x.expect("wrote-2")
	if got := v.state(c).UnchangedSince; got != "" {
		t.Errorf("after writing: unchanged since %q, want none", got)
	}
	// A point in time that does not become a snapshot does not affect the next one.
	for range 2 {
		pit, err := c.BeginPointInTime(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if pit.Changes == "" || pit.Since.ID != "first" || pit.Since.Digest != "digest of first" {
			t.Fatalf("got point in time %+v, want the changes since the first snapshot", pit)
		}
		changed, err := qemu.ReadChanges(t.Context(), pit.Socket, pit.Export, pit.Changes)
		if err != nil {
			t.Fatal(err)
		}
		if n := length(changed); n < 3000000 || n > pit.Size/2 {
			t.Errorf("got %d changed bytes of %d, want those just written and less than half the disk: %v", n, pit.Size, changed)
		}
		if err := pit.Close(); err != nil {
			t.Fatal(err)
		}
		pit.ID = "nonsense"
		if err := pit.RecordSnapshot(t.Context(), client.SnapshotRef{ID: "second"}); err == nil {
			t.Error("a snapshot was recorded for an unknown point in time")
		}
	}

	// The tracking is lost with the supervisor.
	first := v.state(c)
	v.kill(first.PID, 9)
	v.spec.Adopt = true
	c = v.start()
	if now := v.state(c); now.QEMUPID != first.QEMUPID || now.UnchangedSince != "" {
		t.Fatalf("after a takeover: got %+v, want QEMUPID %v, no UnchangedSince", now, first.QEMUPID)
	}
	v.waitUntil(c, func(s client.State) bool { return s.Agent })
	pit, err := c.BeginPointInTime(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if pit.Changes != "" || pit.Since != (client.SnapshotRef{}) {
		t.Errorf("changes are known after a takeover: got %+v, want no Changes, Since %v", pit, (client.SnapshotRef{}))
	}
	if err := c.Stop(t.Context(), client.StopRequest{Force: true}, nil); err != nil {
		t.Fatal(err)
	}
}

func length(ranges []nbd.Range) (n int64) {
	for _, r := range ranges {
		n += r.End - r.Start
	}
	return n
}

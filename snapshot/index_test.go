package snapshot

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"
)

// TestWrongIndexIsHarmless uses indexes with each kind of fault. Every operation must give
// the same result as with the right index.
func TestWrongIndexIsHarmless(t *testing.T) {
	one, two := content(1, mib+5000), content(2, mib+5000)
	dir := vmDir(t, two)
	store, ctx := Open(dir), context.Background()
	create(t, dir, "two")
	writeFile(t, dir.Disk, one)
	create(t, dir, "one")
	right := readFile(t, store.indexPath("one"))
	wrong := map[string][]byte{
		"gone": nil, "empty": {}, "another's": readFile(t, store.indexPath("two")),
		"longer": append(bytes.Clone(right), 0), "a snapshot": readFile(t, store.filePath("one")), "noise": content(9, len(right)),
	}
	for at := 0; at < len(right); at += len(right)/3 + 1 {
		flipped, cut := bytes.Clone(right), right[:at]
		flipped[at] ^= 0x20
		wrong["flipped at "+string(rune('a'+len(wrong)))] = flipped
		wrong["cut at "+string(rune('a'+len(wrong)))] = cut
	}
	spoil := func(b []byte) {
		os.Remove(store.indexPath("one"))
		if b != nil {
			writeFile(t, store.indexPath("one"), b)
		}
	}
	body := readFile(t, store.filePath("one"))[4096:]
	for name, b := range wrong {
		spoil(b)
		writeFile(t, dir.Disk, two)
		if restore(t, dir, "one"); !bytes.Equal(readFile(t, dir.Disk), one) {
			t.Errorf("%s: got other disk contents", name)
		}
		if !bytes.Equal(readFile(t, store.indexPath("one")), right) {
			t.Errorf("%s: got the damaged index after a restore, want it rebuilt", name)
		}
		spoil(b)
		if _, err := store.Verify(ctx, "one", false, nil); err != nil {
			t.Errorf("%s: verify: got error %v, want no error", name, err)
		}
		if now, err := os.ReadFile(store.indexPath("one")); err == nil && !bytes.Equal(now, b) {
			t.Errorf("%s: got a changed index after verify, want the same", name)
		}
		made := createDetailed(t, dir, "again")
		if now := readFile(t, store.filePath("again"))[4096:]; !bytes.Equal(now, body) || made.Reused == 0 || made.Notes != nil {
			t.Errorf("%s: the next snapshot: got %+v, want Notes nil", name, made)
		}
		if !bytes.Equal(readFile(t, store.indexPath("one")), right) {
			t.Errorf("%s: got the damaged index after the next snapshot, want it rebuilt", name)
		}
		spoil(b)
		if _, err := store.Extract(ctx, "one", filepath.Dir(dir.Disk)+"/clone", nil); err != nil || !bytes.Equal(readFile(t, filepath.Dir(dir.Disk)+"/clone"), one) {
			t.Errorf("%s: Extract: got a different disk, or error %v", name, err)
		}
		os.Remove(filepath.Dir(dir.Disk) + "/clone")
		if err := store.Delete(ctx, "again"); err != nil {
			t.Fatal(err)
		}
	}
}

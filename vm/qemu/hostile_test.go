package qemu

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"vmterminal/vm/qmp"
)

// fakeQEMU answers QMP like QEMU, in memory, unless lie overrides an answer.
type fakeQEMU struct {
	nodes, exports map[string]bool
	drive          string
	// lie returns the answer to the nth command if lies is true; "" means no answer.
	lie   func(n int, command string) (answer string, lies bool)
	heard []string
}

// connect returns a client of the fake. Both are closed when the test ends.
func (q *fakeQEMU) connect(t *testing.T) *qmp.Client {
	t.Helper()
	q.nodes, q.exports, q.drive = map[string]bool{diskNode: true}, map[string]bool{}, diskNode
	ours, theirs := net.Pipe()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		q.serve(theirs)
	}()
	c, err := qmp.Open(t.Context(), ours, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Close()
		theirs.Close()
		<-ended
	})
	return c
}

type qmpRequest struct {
	Execute   string         `json:"execute"`
	Arguments map[string]any `json:"arguments"`
	ID        uint64         `json:"id"`
}

func (a qmpRequest) stringArgument(name string) string {
	text, _ := a.Arguments[name].(string)
	return text
}

func (q *fakeQEMU) serve(conn net.Conn) {
	_, _ = io.WriteString(conn, `{"QMP": {}}`+"\n")
	lines := bufio.NewScanner(conn)
	for lines.Scan() {
		var a qmpRequest
		if json.Unmarshal(lines.Bytes(), &a) != nil {
			return
		}
		answer, lies := "", false
		if a.Execute != "qmp_capabilities" {
			q.heard = append(q.heard, a.Execute)
			if q.lie != nil {
				answer, lies = q.lie(len(q.heard), a.Execute)
			}
		}
		if !lies {
			answer = q.honestReply(a)
		}
		if answer != "" {
			_, _ = fmt.Fprintf(conn, `{%s, "id": %d}`+"\n", answer, a.ID)
		}
	}
}

const (
	okReply    = `"return": {}`
	errorReply = `"error": {"class": "GenericError", "desc": "no"}`
)

func (q *fakeQEMU) honestReply(a qmpRequest) string {
	say := func(v any) string {
		text, _ := json.Marshal(v)
		return `"return": ` + string(text)
	}
	switch a.Execute {
	case "query-named-block-nodes":
		var list []props
		for _, name := range slices.Sorted(maps.Keys(q.nodes)) {
			list = append(list, props{"node-name": name, "image": props{"virtual-size": 1 << 20, "filename": "/x"}})
		}
		return say(list)
	case "query-block-exports":
		list := []props{}
		for id := range q.exports {
			list = append(list, props{"id": id})
		}
		return say(list)
	case "query-blockstats":
		return say([]props{{"qdev": "/machine/peripheral/vd0", "stats": props{"wr_operations": 1}}})
	case "qom-get":
		return say(q.drive)
	case "qom-set":
		q.drive = a.stringArgument("value")
	case "blockdev-add":
		q.nodes[a.stringArgument("node-name")] = true
	case "blockdev-del":
		if !q.nodes[a.stringArgument("node-name")] {
			return errorReply
		}
		delete(q.nodes, a.stringArgument("node-name"))
	case "block-export-add":
		q.exports[a.stringArgument("id")] = true
	case "block-export-del":
		if !q.exports[a.stringArgument("id")] {
			return errorReply
		}
		delete(q.exports, a.stringArgument("id"))
	}
	return okReply
}

// leftovers returns an error if a point in time has left anything behind in the fake.
func (q *fakeQEMU) leftovers() error {
	if len(q.nodes) > 1 || len(q.exports) > 0 || q.drive != diskNode {
		return fmt.Errorf("got leftover nodes %v, exports %v, drive %s", q.nodes, q.exports, q.drive)
	}
	return nil
}

// fakeGuest counts the calls of freeze and thaw.
type fakeGuest struct {
	frozen, thawed int
	freeze, thaw   func(context.Context) error
}

func (g *fakeGuest) options(dir string) Options {
	return Options{
		Fleece: filepath.Join(dir, "fleece"), Socket: filepath.Join(dir, "nbd"), Track: BitmapName("now"), Since: BitmapName("before"),
		Freeze: func(ctx context.Context) error { g.frozen++; return g.freeze(ctx) },
		Thaw:   func(ctx context.Context) error { g.thawed++; return g.thaw(ctx) },
	}
}

func blockUntilDone(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
func succeed(context.Context) error            { return nil }
func succeedLate(ctx context.Context) error    { return sleep(ctx, thawTimeout-time.Second) }
func fail(context.Context) error               { return errors.New("no") }

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// If a guest does not answer, the point in time is merely crash-consistent and slower.
func TestGuestThatDoesNotAnswer(t *testing.T) {
	for name, c := range map[string]struct {
		freeze, thaw func(context.Context) error
		taken        string
		want         error
		within       time.Duration
	}{
		"answers late":                  {succeedLate, succeedLate, Frozen, nil, 20 * time.Second},
		"never says frozen":             {blockUntilDone, succeed, CrashConsistent, nil, 21 * time.Second},
		"never says frozen, nor thawed": {blockUntilDone, blockUntilDone, CrashConsistent, nil, 41 * time.Second},
		"never says thawed":             {succeed, blockUntilDone, CrashConsistent, nil, 21 * time.Second},
		"refuses to thaw":               {succeed, fail, CrashConsistent, nil, time.Second},
		"refuses both":                  {fail, fail, CrashConsistent, nil, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				q, g := &fakeQEMU{}, &fakeGuest{freeze: c.freeze, thaw: c.thaw}
				control := q.connect(t)
				began := time.Now()
				p, err := BeginPointInTime(t.Context(), control, g.options(t.TempDir()))
				if took := time.Since(began); took > c.within {
					t.Errorf("BeginPointInTime took %v, want less", took)
				}
				if !errors.Is(err, c.want) || err == nil && p.Taken != c.taken {
					t.Fatalf("got %+v, %v; want error %v", p, err, c.want)
				}
				if g.frozen != 1 || g.thawed == 0 {
					t.Errorf("froze %d times, thawed %d times; want one freeze and at least one thaw", g.frozen, g.thawed)
				}
				if err == nil {
					err = p.End(t.Context())
					if err != nil {
						t.Error(err)
					}
				}
				if err := q.leftovers(); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// No matter after which command QEMU stops answering, all calls return in time, and the guest
// is soon thawed.
func TestQEMUStopsAnswering(t *testing.T) {
	for last := 0; ; last++ {
		var all bool
		synctest.Test(t, func(t *testing.T) {
			q, g := &fakeQEMU{}, &fakeGuest{freeze: succeed, thaw: succeed}
			q.lie = func(n int, _ string) (string, bool) { return "", n > last }
			control := q.connect(t)
			dir := t.TempDir()
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			var frozen, thawed time.Time
			g.freeze = func(context.Context) error { frozen = time.Now(); return nil }
			g.thaw = func(context.Context) error { thawed = time.Now(); return nil }
			began := time.Now()
			p, err := BeginPointInTime(ctx, control, g.options(dir))
			if took := time.Since(began); took > time.Minute+endTimeout {
				t.Errorf("silent after %d commands: BeginPointInTime took %v, want less", last, took)
			}
			if g.frozen > 0 && (g.thawed == 0 || thawed.Sub(frozen) > 5*time.Second) {
				t.Errorf("silent after %d commands: thawed %d times, after %v; want a thaw within 5 s", last, g.thawed, thawed.Sub(frozen))
			}
			all = err == nil
			if all {
				began := time.Now()
				if err := p.End(ctx); err == nil {
					t.Error("End with a silent QEMU: got no error, want one")
				}
				if took := time.Since(began); took > endTimeout {
					t.Errorf("End took %v, want at most endTimeout", took)
				}
			}
			assertNoFleece(t, dir)
		})
		if all {
			return
		}
		if last > 100 {
			t.Fatal("got more than 100 commands, want fewer")
		}
	}
}

func assertNoFleece(t *testing.T, dir string) {
	t.Helper()
	if _, err := os.Lstat(filepath.Join(dir, "fleece")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("leftover fleece: got error %v, want error %v", err, os.ErrNotExist)
	}
}

// wrongReplies are replies that QEMU should never give.
var wrongReplies = []string{
	"", okReply, errorReply, `"return": null`, `"return": []`, `"return": "disk0"`, `"return": "cbw"`, `"return": 9e99`,
	`"return": [{"node-name": "disk0", "image": {"virtual-size": 9223372036854775807}}]`,
	`"return": [{"node-name": "disk0", "image": {"virtual-size": -1}}]`,
	`"return": [{"node-name": "fleece", "image": {"filename": "relative"}}, {}, null]`,
	`"return": [{"node-name": "disk0", "image": {"virtual-size": 512}, "dirty-bitmaps": [{"name": "vmterminal-since-before", "recording": true, "granularity": 1048576}]}]`,
	`"return": [{"id": "exp"}, {"id": "exp-fleece"}]`,
	`"return": [{"qdev": "/machine/peripheral/vd0", "stats": {"wr_operations": -9223372036854775808, "unmap_operations": -1}}]`,
	`"error": {"desc": "\u001b[2J"}`,
}

// No matter what QEMU answers, the point in time ends, a frozen guest is thawed, and no file
// is left behind.
func FuzzPointInTime(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{11, 1, 1, 1, 1, 13, 5, 1})
	f.Add([]byte{8, 8})
	f.Add([]byte{200, 200, 200, 200, 200, 200, 200, 200, 12, 12, 12, 12})
	f.Fuzz(func(t *testing.T, script []byte) {
		synctest.Test(t, func(t *testing.T) {
			q, g := &fakeQEMU{}, &fakeGuest{freeze: succeed, thaw: succeed}
			q.lie = func(n int, _ string) (string, bool) {
				if n > len(script) || int(script[n-1]) >= len(wrongReplies) {
					return "", false
				}
				return wrongReplies[script[n-1]], true
			}
			control := q.connect(t)
			dir := t.TempDir()
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			p, err := BeginPointInTime(ctx, control, g.options(dir))
			if g.frozen > 0 && g.thawed == 0 {
				t.Error("got a frozen guest, want it thawed")
			}
			if err == nil {
				_ = p.End(ctx)
			}
			_ = CleanPointInTime(ctx, control)
			assertNoFleece(t, dir)
		})
	})
}

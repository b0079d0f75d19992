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

// fakeQEMU answers QMP as QEMU does, in memory, but for what lie says.
type fakeQEMU struct {
	nodes, exports map[string]bool
	drive          string
	// lie returns the answer to the nth command in place of the right one; no
	// answer at all if it is "" and lies.
	lie   func(n int, command string) (answer string, lies bool)
	heard []string
}

// connect returns a client of the fake, ended with the test.
func (q *fakeQEMU) connect(t *testing.T) *qmp.Client {
	t.Helper()
	q.nodes, q.exports, q.drive = map[string]bool{diskNode: true}, map[string]bool{}, diskNode
	ours, theirs := net.Pipe()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		q.serve(theirs)
	}()
	c, err := qmp.Open(t.Context(), ours)
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

type asked struct {
	Execute   string         `json:"execute"`
	Arguments map[string]any `json:"arguments"`
	ID        uint64         `json:"id"`
}

func (a asked) arg(name string) string { text, _ := a.Arguments[name].(string); return text }

func (q *fakeQEMU) serve(conn net.Conn) {
	_, _ = io.WriteString(conn, `{"QMP": {}}`+"\n")
	lines := bufio.NewScanner(conn)
	for lines.Scan() {
		var a asked
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
			answer = q.honest(a)
		}
		if answer != "" {
			_, _ = fmt.Fprintf(conn, `{%s, "id": %d}`+"\n", answer, a.ID)
		}
	}
}

const (
	done   = `"return": {}`
	refuse = `"error": {"class": "GenericError", "desc": "no"}`
)

func (q *fakeQEMU) honest(a asked) string {
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
		q.drive = a.arg("value")
	case "blockdev-add":
		q.nodes[a.arg("node-name")] = true
	case "blockdev-del":
		if !q.nodes[a.arg("node-name")] {
			return refuse
		}
		delete(q.nodes, a.arg("node-name"))
	case "block-export-add":
		q.exports[a.arg("id")] = true
	case "block-export-del":
		if !q.exports[a.arg("id")] {
			return refuse
		}
		delete(q.exports, a.arg("id"))
	}
	return done
}

// quiet tells whether nothing of a point in time is left in the fake.
func (q *fakeQEMU) quiet() error {
	if len(q.nodes) > 1 || len(q.exports) > 0 || q.drive != diskNode {
		return fmt.Errorf("left: nodes %v, exports %v, drive %s", q.nodes, q.exports, q.drive)
	}
	return nil
}

// guestHolds notes what the guest is told to hold.
type guestHolds struct {
	frozen, thawed int
	freeze, thaw   func(context.Context) error
}

func (g *guestHolds) options(dir string) Options {
	return Options{
		Fleece: filepath.Join(dir, "fleece"), Socket: filepath.Join(dir, "nbd"), Track: BitmapName("now"), Since: BitmapName("before"),
		Freeze: func(ctx context.Context) error { g.frozen++; return g.freeze(ctx) },
		Thaw:   func(ctx context.Context) error { g.thawed++; return g.thaw(ctx) },
	}
}

func never(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
func atOnce(context.Context) error    { return nil }
func late(ctx context.Context) error  { return sleep(ctx, thawLimit-time.Second) }
func refuses(context.Context) error   { return errors.New("no") }

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// A guest that does not answer costs the frozen state and some time, never the
// point in time, unless it may still be frozen.
func TestGuestThatDoesNotAnswer(t *testing.T) {
	for name, c := range map[string]struct {
		freeze, thaw func(context.Context) error
		taken        string
		want         error
		within       time.Duration
	}{
		"answers late":                  {late, late, Frozen, nil, 20 * time.Second},
		"never says frozen":             {never, atOnce, CrashConsistent, nil, 21 * time.Second},
		"never says frozen, nor thawed": {never, never, CrashConsistent, nil, 41 * time.Second},
		"never says thawed":             {atOnce, never, "", ErrStillFrozen, 21 * time.Second},
		"refuses to thaw":               {atOnce, refuses, "", ErrStillFrozen, time.Second},
		"refuses both":                  {refuses, refuses, CrashConsistent, nil, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				q, g := &fakeQEMU{}, &guestHolds{freeze: c.freeze, thaw: c.thaw}
				control := q.connect(t)
				began := time.Now()
				p, err := BeginPointInTime(t.Context(), control, g.options(t.TempDir()))
				if took := time.Since(began); took > c.within {
					t.Errorf("took %v", took)
				}
				if !errors.Is(err, c.want) || err == nil && p.Taken != c.taken {
					t.Fatalf("%+v, %v", p, err)
				}
				if g.frozen != 1 || g.thawed == 0 {
					t.Errorf("frozen %d times, thawed %d", g.frozen, g.thawed)
				}
				if err == nil {
					err = p.End(t.Context())
					if err != nil {
						t.Error(err)
					}
				}
				if err := q.quiet(); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// A QEMU that falls silent at any command keeps nobody for ever, and the guest
// is thawed soon.
func TestQEMUThatFallsSilent(t *testing.T) {
	for last := 0; ; last++ {
		var all bool
		synctest.Test(t, func(t *testing.T) {
			q, g := &fakeQEMU{}, &guestHolds{freeze: atOnce, thaw: atOnce}
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
			if took := time.Since(began); took > time.Minute+endLimit {
				t.Errorf("silent after %d commands: took %v", last, took)
			}
			if g.frozen > 0 && (g.thawed == 0 || thawed.Sub(frozen) > 5*time.Second) {
				t.Errorf("silent after %d commands: thawed %d times, after %v", last, g.thawed, thawed.Sub(frozen))
			}
			all = err == nil
			if all {
				began := time.Now()
				if err := p.End(ctx); err == nil {
					t.Error("taken down by a silent QEMU")
				}
				if took := time.Since(began); took > endLimit {
					t.Errorf("the end took %v", took)
				}
			}
			noFleece(t, dir)
		})
		if all {
			return
		}
		if last > 100 {
			t.Fatal("no end of commands")
		}
	}
}

func noFleece(t *testing.T, dir string) {
	t.Helper()
	if _, err := os.Lstat(filepath.Join(dir, "fleece")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the fleece is left: %v", err)
	}
}

// lies are answers that QEMU might give if it were out of its mind.
var lies = []string{
	"", done, refuse, `"return": null`, `"return": []`, `"return": "disk0"`, `"return": "cbw"`, `"return": 9e99`,
	`"return": [{"node-name": "disk0", "image": {"virtual-size": 9223372036854775807}}]`,
	`"return": [{"node-name": "disk0", "image": {"virtual-size": -1}}]`,
	`"return": [{"node-name": "fleece", "image": {"filename": "relative"}}, {}, null]`,
	`"return": [{"node-name": "disk0", "image": {"virtual-size": 512}, "dirty-bitmaps": [{"name": "vmterminal-since-before", "recording": true, "granularity": 1048576}]}]`,
	`"return": [{"id": "exp"}, {"id": "exp-fleece"}]`,
	`"return": [{"qdev": "/machine/peripheral/vd0", "stats": {"wr_operations": -9223372036854775808, "unmap_operations": -1}}]`,
	`"error": {"desc": "\u001b[2J"}`,
}

// FuzzPointInTime: whatever QEMU answers to each command, what was begun ends,
// a guest that was frozen is thawed, and no file is left.
func FuzzPointInTime(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{11, 1, 1, 1, 1, 13, 5, 1})
	f.Add([]byte{8, 8})
	f.Add([]byte{200, 200, 200, 200, 200, 200, 200, 200, 12, 12, 12, 12})
	f.Fuzz(func(t *testing.T, script []byte) {
		synctest.Test(t, func(t *testing.T) {
			q, g := &fakeQEMU{}, &guestHolds{freeze: atOnce, thaw: atOnce}
			q.lie = func(n int, _ string) (string, bool) {
				if n > len(script) || int(script[n-1]) >= len(lies) {
					return "", false
				}
				return lies[script[n-1]], true
			}
			control := q.connect(t)
			dir := t.TempDir()
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			p, err := BeginPointInTime(ctx, control, g.options(dir))
			if g.frozen > 0 && g.thawed == 0 {
				t.Error("the guest stays frozen")
			}
			if err == nil {
				_ = p.End(ctx)
			}
			_ = CleanPointInTime(ctx, control)
			noFleece(t, dir)
		})
	})
}

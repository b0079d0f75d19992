package supervisor

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"vmterminal/vm/agent"
	"vmterminal/vm/qemu"
	"vmterminal/vm/supervisor/client"
)

func TestSharesAreMounted(t *testing.T) {
	site := Share{qemu.Share{Path: "/srv/site"}, "/mnt/site"}
	books := Share{qemu.Share{Path: "/srv/books", ReadOnly: true}, "/mnt/books"}
	request := fmt.Sprintf("mount [{%s /mnt/site false} {%s /mnt/books true}]", site.Tag(), books.Tag())
	for name, test := range map[string]struct {
		problems []string
		err      error
		want     []client.ShareState
	}{
		"mounted": {[]string{"", ""}, nil, []client.ShareState{{Path: "/srv/site"}, {Path: "/srv/books"}}},
		"one": {[]string{"", "no 9p"}, nil, []client.ShareState{
			{Path: "/srv/site"},
			{Path: "/srv/books", ShareProblem: client.ShareProblem{Code: client.ShareMountFailed, Detail: "no 9p"}},
		}},
		"old agent": {nil, agent.ErrUnsupported, []client.ShareState{
			{Path: "/srv/site", ShareProblem: client.ShareProblem{Code: client.ShareAgentTooOld}},
			{Path: "/srv/books", ShareProblem: client.ShareProblem{Code: client.ShareAgentTooOld}},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFakeAgent()
			f.mounted, f.mountErr = test.problems, test.err
			b := newStateBroadcaster(client.State{State: client.Running})
			var notes []string
			l := newAgentLink(b, agent.Identity{}, func(text string) { notes = append(notes, text) })
			l.shares = []Share{site, books}
			l.dial = func(context.Context, string) (guestAgent, error) { return f, nil }
			events, end := b.subscribe()
			t.Cleanup(end)
			l.connect("", make(chan struct{}))
			t.Cleanup(l.close)
			f.startAnswering()
			f.expect(t, "hello", request)
			limit := time.After(2 * time.Minute)
			for s := (client.State{}); !s.Agent; {
				select {
				case e := <-events:
					s = e.State
				case <-limit:
					t.Fatal("State.Agent was never set")
				}
			}
			if got := b.get().Shares; !slices.Equal(got, test.want) {
				t.Errorf("got shares %+v, want %+v", got, test.want)
			}
			l.close() // no more notes after this
			problems := 0
			for _, s := range test.want {
				if s.Code != "" {
					problems++
				}
			}
			if len(notes) != problems {
				t.Errorf("got notes %q, want %d notes", notes, problems)
			}
		})
	}
}

func TestCheckShareErrors(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{file, filepath.Join(dir, "none"), filepath.Join(file, "below")} {
		if err := checkShare(qemu.Share{Path: path}); !errors.Is(err, client.ErrShare) {
			t.Errorf("%s: got error %v, want error %v", path, err, client.ErrShare)
		}
	}
	// This file system does not support extended attributes.
	const bare = "/proc/self"
	if err := checkShare(qemu.Share{Path: bare, ReadOnly: true}); err != nil {
		t.Errorf("read only: got error %v, want no error", err)
	}
	if _, err := unix.Getxattr(bare, "user.virtfs.uid", nil); !errors.Is(err, unix.ENOTSUP) {
		t.Skipf("%s has attributes here: %v", bare, err)
	}
	if err := checkShare(qemu.Share{Path: bare}); !errors.Is(err, client.ErrShare) {
		t.Errorf("for writing: got error %v, want error %v", err, client.ErrShare)
	}
}

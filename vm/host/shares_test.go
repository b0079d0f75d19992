package host

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
)

func TestGuestIsToldItsShares(t *testing.T) {
	site := Share{qemu.Share{Path: "/srv/site"}, "/mnt/site"}
	books := Share{qemu.Share{Path: "/srv/books", ReadOnly: true}, "/mnt/books"}
	told := fmt.Sprintf("mount [{%s /mnt/site false} {%s /mnt/books true}]", site.Tag(), books.Tag())
	for name, test := range map[string]struct {
		problems []string
		err      error
		want     []ShareState
	}{
		"mounted":   {[]string{"", ""}, nil, []ShareState{{Path: "/srv/site"}, {Path: "/srv/books"}}},
		"one":       {[]string{"", "no 9p"}, nil, []ShareState{{Path: "/srv/site"}, {"/srv/books", "no 9p"}}},
		"old agent": {nil, agent.ErrUnsupported, []ShareState{{"/srv/site", "the guest's agent is too old to mount it"}, {"/srv/books", "the guest's agent is too old to mount it"}}},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFakeAgent()
			f.mounted, f.mountErr = test.problems, test.err
			b := newBoard(State{State: Running})
			var notes []string
			l := newAgentLink(b, agent.Identity{}, func(text string) { notes = append(notes, text) })
			l.shares = []Share{site, books}
			l.dial = func(context.Context, string) (guestAgent, error) { return f, nil }
			events, end := b.listen()
			t.Cleanup(end)
			l.connect("", make(chan struct{}))
			t.Cleanup(l.close)
			f.boot()
			f.expect(t, "hello", told)
			limit := time.After(30 * time.Second)
			for s := (State{}); !s.Agent; {
				select {
				case e := <-events:
					s = e.State
				case <-limit:
					t.Fatal("the agent never counted as there")
				}
			}
			if got := b.get().Shares; !slices.Equal(got, test.want) {
				t.Errorf("%+v, want %+v", got, test.want)
			}
			l.close() // from here on nothing is noted
			bad := 0
			for _, s := range test.want {
				if s.Problem != "" {
					bad++
				}
			}
			if len(notes) != bad {
				t.Errorf("notes: %q", notes)
			}
		})
	}
}

func TestWhatCannotBeShared(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{file, filepath.Join(dir, "none"), filepath.Join(file, "below")} {
		if err := checkShare(qemu.Share{Path: path}); !errors.Is(err, ErrShare) {
			t.Errorf("%s: %v", path, err)
		}
	}
	// A file system without attributes of users: what the guest writes there has no owner.
	const bare = "/proc/self"
	if err := checkShare(qemu.Share{Path: bare, ReadOnly: true}); err != nil {
		t.Errorf("read only: %v", err)
	}
	if _, err := unix.Getxattr(bare, "user.virtfs.uid", nil); !errors.Is(err, unix.ENOTSUP) {
		t.Skipf("%s has attributes here: %v", bare, err)
	}
	if err := checkShare(qemu.Share{Path: bare}); !errors.Is(err, ErrShare) {
		t.Errorf("for writing: %v", err)
	}
}

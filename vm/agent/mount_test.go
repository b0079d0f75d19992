package agent

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"vmterminal/vm/agent/wire"
)

func TestMount(t *testing.T) {
	mounts := []Mount{{Tag: "vmt-1", Dir: "/mnt/site"}, {Tag: "vmt-2", Dir: "/mnt/books", ReadOnly: true}}
	long := strings.Repeat("x", 1000)
	for answer, want := range map[string]struct {
		problems []string
		err      error
	}{
		`{"mountProblems":["",""]}`:                      {[]string{"", ""}, nil},
		`{"mountProblems":["","\u001b[2J` + long + `"]}`: {[]string{"", "?[2J" + long[:296]}, nil},
		`{"mountProblems":[""]}`:                         {nil, ErrBadAnswer},
		`{}`:                                             {nil, ErrBadAnswer},
		`{"error":{"code":"unsupported","text":"what is that"}}`: {nil, ErrUnsupported},
	} {
		_, c := newFake(t, answerHello(func(g *fakeGuest, f wire.Frame, req wire.RequestBody) {
			if req.Op != wire.OpMount || !slices.Equal(req.Mounts, []wire.Mount{wire.Mount(mounts[0]), wire.Mount(mounts[1])}) {
				t.Errorf("got request %+v, want both mounts", req)
			}
			g.respond(f, answer)
		}))
		problems, err := c.Mount(t.Context(), mounts)
		if !slices.Equal(problems, want.problems) || !errors.Is(err, want.err) {
			t.Errorf("%s: got problems %q, error %v; want error %v", answer, problems, err, want.err)
		}
	}
}

package app

import (
	"net"
	"path/filepath"
	"strings"
	"testing"
)

func TestCheckDisplay(t *testing.T) {
	dir := t.TempDir()
	l, err := net.Listen("unix", filepath.Join(dir, "wayland-7"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	for _, c := range []struct {
		env   map[string]string
		state CheckState
		found string
	}{
		{nil, CheckNote, "none"},
		{map[string]string{"WAYLAND_DISPLAY": "wayland-7", "XDG_RUNTIME_DIR": dir}, CheckOK, "Wayland"},
		{map[string]string{"WAYLAND_DISPLAY": "wayland-8", "XDG_RUNTIME_DIR": dir}, CheckNote, "does not answer"},
		{map[string]string{"DISPLAY": ":4711.0"}, CheckNote, "X11 (:4711.0) does not answer"},
		{map[string]string{"DISPLAY": "localhost:10.0"}, CheckOK, "X11 (localhost:10.0), OpenGL"},
	} {
		got := checkDisplay(func(name string) string { return c.env[name] })
		if got.State != c.state || !strings.Contains(got.Found, c.found) {
			t.Errorf("%v: %+v", c.env, got)
		}
	}
}

func TestFreeOf(t *testing.T) {
	for want, sizes := range map[string][2]int64{
		"65.4 of 252.0 GB free":   {70_222_715_289, 252 << 30},
		"3.0 of 64.0 MB free":     {3 << 20, 64 << 20},
		"512.0 of 8192.0 MB free": {512 << 20, 8 << 30},
	} {
		if got := freeOf(sizes[0], sizes[1]); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestQuoted(t *testing.T) {
	for path, want := range map[string]string{
		"/home/me/.vmterminal": "/home/me/.vmterminal",
		"/a b":                 "'/a b'",
		"/it's":                `'/it'\''s'`,
		"/$(x)":                "'/$(x)'",
	} {
		if got := quoted(path); got != want {
			t.Errorf("%s: %s, not %s", path, got, want)
		}
	}
}

func TestMissingNamesOnlyWhatIsMissing(t *testing.T) {
	checks := []Check{{Name: "a", State: CheckOK}, {Name: "b", State: CheckNote}}
	if err := Missing(checks); err != nil {
		t.Errorf("nothing is missing: %v", err)
	}
	p := Explain(Missing(append(checks, Check{Name: "c", State: CheckMissing})))
	if p.Exit != ExitFailure || !strings.HasSuffix(p.Line(), "see c") {
		t.Errorf("%+v", p)
	}
}

package vm

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestParseShare(t *testing.T) {
	t.Chdir("/tmp")
	for text, want := range map[string]Share{
		"/srv/site":       {Path: "/srv/site"},
		"/srv/site/":      {Path: "/srv/site"},
		"/srv/site:ro":    {Path: "/srv/site", ReadOnly: true},
		"/srv/site:rw":    {Path: "/srv/site"},
		"/srv/site:ro:rw": {Path: "/srv/site:ro"},
		"site":            {Path: "/tmp/site"},
		"../srv/a,b:ro":   {Path: "/srv/a,b", ReadOnly: true},
	} {
		got, err := ParseShare(text)
		if err != nil || got != want {
			t.Errorf("ParseShare(%q) = %+v, %v; want %+v", text, got, err, want)
		}
	}
	for _, text := range []string{"", ":ro", "/", "/..", "/srv/a\nb", "/srv/l\xe4tin"} {
		if got, err := ParseShare(text); !errors.Is(err, ErrBadConfig) {
			t.Errorf("ParseShare(%q) = %+v, %v; want ErrBadConfig", text, got, err)
		}
	}
}

func TestSharesNeedDistinctMountPoints(t *testing.T) {
	list := Shares{{Path: "/a/site"}}.With(Share{Path: "/b/data"}).With(Share{Path: "/a/site", ReadOnly: true})
	if want := (Shares{{Path: "/b/data"}, {Path: "/a/site", ReadOnly: true}}); !slices.Equal(list, want) {
		t.Errorf("With = %v, want %v", list, want)
	}
	if err := list.Check(); err != nil {
		t.Error(err)
	}
	err := list.With(Share{Path: "/c/site"}).Check()
	if !errors.Is(err, ErrBadConfig) || !strings.Contains(err.Error(), "/mnt/site") {
		t.Errorf("Check with two shares at one mount point: %v, want ErrBadConfig", err)
	}
	if list = list.Without("/a/site"); list.Has("/a/site") || !list.Has("/b/data") {
		t.Errorf("Without(/a/site) = %v, want only /b/data", list)
	}
}

package vm

import (
	"errors"
	"slices"
	"testing"
)

func TestNetworkCheck(t *testing.T) {
	many := make([]Forward, MaxForwards+1)
	for i := range many {
		many[i] = Forward{i + 1, 80}
	}
	for name, c := range map[string]struct {
		forwards []Forward
		good     bool
	}{
		"none":              {nil, true},
		"the ends":          {[]Forward{{1, 65535}, {65535, 1}}, true},
		"one guest port":    {[]Forward{{8080, 80}, {8081, 80}}, true},
		"as many as may be": {many[1:], true},
		"too many":          {many, false},
		"port 0":            {[]Forward{{0, 80}}, false},
		"guest's 65536":     {[]Forward{{80, 65536}}, false},
		"below 0":           {[]Forward{{-1, 80}}, false},
		"one port twice":    {[]Forward{{8080, 80}, {8080, 81}}, false},
	} {
		err := Network{Forwards: c.forwards}.Check()
		if (err == nil) != c.good || err != nil && !errors.Is(err, ErrBadConfig) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestParseForwards(t *testing.T) {
	for text, want := range map[string][]Forward{
		"":                   nil,
		"8080:80":            {{8080, 80}},
		"8080:80, 2222:22":   {{8080, 80}, {2222, 22}},
		" 8080:80,,2222:22 ": {{8080, 80}, {2222, 22}},
	} {
		if got, err := ParseForwards(text); err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"80", "a:80", "80:b", ":", "8080:80:1", "8080:0", "8080:80 8080:81", "0x50:80"} {
		if got, err := ParseForwards(text); !errors.Is(err, ErrBadConfig) {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
}

func TestNetworkWithAndWithout(t *testing.T) {
	n := Network{Isolated: true, Forwards: []Forward{{8080, 80}, {2222, 22}}}
	if got := n.With(Forward{8080, 81}).Forwards; !slices.Equal(got, []Forward{{2222, 22}, {8080, 81}}) {
		t.Errorf("with another for 8080: %v", got)
	}
	if got := n.Without(2222); !got.Isolated || !slices.Equal(got.Forwards, []Forward{{8080, 80}}) {
		t.Errorf("without 2222: %v", got)
	}
	if !slices.Equal(n.Forwards, []Forward{{8080, 80}, {2222, 22}}) {
		t.Errorf("the network itself was changed: %v", n.Forwards)
	}
}

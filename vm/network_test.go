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
		"none":             {nil, true},
		"port limits":      {[]Forward{{1, 65535}, {65535, 1}}, true},
		"same guest port":  {[]Forward{{8080, 80}, {8081, 80}}, true},
		"maximum":          {many[1:], true},
		"too many":         {many, false},
		"host port 0":      {[]Forward{{0, 80}}, false},
		"guest port 65536": {[]Forward{{80, 65536}}, false},
		"negative port":    {[]Forward{{-1, 80}}, false},
		"same host port":   {[]Forward{{8080, 80}, {8080, 81}}, false},
	} {
		err := Network{Forwards: c.forwards}.Check()
		if (err == nil) != c.good || err != nil && !errors.Is(err, ErrBadConfig) {
			t.Errorf("%s: Check = %v, want valid: %v", name, err, c.good)
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
			t.Errorf("ParseForwards(%q) = %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"80", "a:80", "80:b", ":", "8080:80:1", "8080:0", "8080:80 8080:81", "0x50:80"} {
		if got, err := ParseForwards(text); !errors.Is(err, ErrBadConfig) {
			t.Errorf("ParseForwards(%q) = %v, %v; want ErrBadConfig", text, got, err)
		}
	}
}

func TestNetworkWithAndWithout(t *testing.T) {
	n := Network{Isolated: true, Forwards: []Forward{{8080, 80}, {2222, 22}}}
	if got := n.With(Forward{8080, 81}).Forwards; !slices.Equal(got, []Forward{{2222, 22}, {8080, 81}}) {
		t.Errorf("With another forward of 8080 = %v, want it to replace the first one", got)
	}
	if got := n.Without(2222); !got.Isolated || !slices.Equal(got.Forwards, []Forward{{8080, 80}}) {
		t.Errorf("Without(2222) = %v, want Isolated and the forward of 8080", got)
	}
	if !slices.Equal(n.Forwards, []Forward{{8080, 80}, {2222, 22}}) {
		t.Errorf("With or Without changed the receiver: got %v", n.Forwards)
	}
}

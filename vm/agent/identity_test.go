package agent

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"vmterminal/vm/agent/wire"
)

var me = Identity{ID: "0123456789abcdef", Hostname: "dev"}

func TestIdentify(t *testing.T) {
	long := strings.Repeat("x", 1000)
	tests := []struct {
		name, answer string
		want         Identified
		err          error
	}{
		{"same", `{"identified":{"found":"same"}}`, Identified{Found: Same}, nil},
		{
			"copied",
			`{"identified":{"found":"copied","renewed":["machine-id","hostname"],"notes":["no ssh-keygen"]}}`,
			Identified{Found: Copied, Renewed: []string{"machine-id", "hostname"}, Notes: []string{"no ssh-keygen"}},
			nil,
		},
		{"new fields", `{"identified":{"found":"first","later":{}}}`, Identified{Found: First}, nil},
		{"an old agent", `{"error":{"code":"unsupported","text":"unknown operation \"identity\""}}`, Identified{}, ErrUnsupported},
		{"frozen", `{"error":{"code":"state","text":"frozen"}}`, Identified{}, ErrWrongState},
		{"nothing", `{}`, Identified{}, ErrBadAnswer},
		{"a word of its own", `{"identified":{"found":"stolen"}}`, Identified{}, ErrBadAnswer},
		{
			"commands for a terminal", `{"identified":{"found":"same","notes":["\u001b[2J\n` + long + `"]}}`,
			Identified{Found: Same, Notes: []string{"?[2J?" + long[:295]}},
			nil,
		},
		{
			"very much", `{"identified":{"found":"same","renewed":["` + strings.Repeat(`","`, 100) + `"]}}`,
			Identified{Found: Same, Renewed: make([]string, 8)},
			nil,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, c := newFake(t, polite(func(g *fakeGuest, f wire.Frame, ask wire.Ask) {
				if ask.Op != wire.OpIdentity || ask.Identity == nil || *ask.Identity != wire.Identity(me) {
					t.Errorf("the guest is asked %+v", ask)
				}
				g.respond(f, test.answer)
			}))
			got, err := c.Identify(t.Context(), me)
			if !reflect.DeepEqual(got, test.want) || !errors.Is(err, test.err) {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}

// What is no identity does not reach the guest.
func TestIdentifyRefuses(t *testing.T) {
	_, c := newFake(t, func(_ *fakeGuest, _ wire.Frame, ask wire.Ask) { t.Errorf("the guest is asked %+v", ask) })
	for _, who := range []Identity{{}, {ID: "a"}, {ID: "a b", Hostname: "dev"}, {ID: "a", Hostname: "dev\nx"}} {
		if _, err := c.Identify(t.Context(), who); err == nil {
			t.Errorf("%+v was told", who)
		}
	}
}

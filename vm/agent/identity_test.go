package agent

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"vmterminal/vm/agent/wire"
)

var testIdentity = Identity{ID: "0123456789abcdef", Hostname: "dev"}

func TestIdentify(t *testing.T) {
	long := strings.Repeat("x", 1000)
	tests := []struct {
		name, answer string
		want         IdentityResult
		err          error
	}{
		{"same", `{"identified":{"found":"same"}}`, IdentityResult{Change: IdentitySame}, nil},
		{
			"copied",
			`{"identified":{"found":"copied","renewed":["machine-id","hostname"],"notes":["no ssh-keygen"]}}`,
			IdentityResult{Change: IdentityCopied, Renewed: []string{"machine-id", "hostname"}, Notes: []string{"no ssh-keygen"}},
			nil,
		},
		{"new fields", `{"identified":{"found":"first","later":{}}}`, IdentityResult{Change: IdentityFirst}, nil},
		{"an old agent", `{"error":{"code":"unsupported","text":"unknown operation \"identity\""}}`, IdentityResult{}, ErrUnsupported},
		{"frozen", `{"error":{"code":"state","text":"frozen"}}`, IdentityResult{}, ErrWrongState},
		{"nothing", `{}`, IdentityResult{}, ErrBadAnswer},
		{"unknown change", `{"identified":{"found":"stolen"}}`, IdentityResult{}, ErrBadAnswer},
		{
			"escape sequences", `{"identified":{"found":"same","notes":["\u001b[2J\n` + long + `"]}}`,
			IdentityResult{Change: IdentitySame, Notes: []string{"?[2J?" + long[:295]}},
			nil,
		},
		{
			"too many", `{"identified":{"found":"same","renewed":["` + strings.Repeat(`","`, 100) + `"]}}`,
			IdentityResult{Change: IdentitySame, Renewed: make([]string, 8)},
			nil,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, c := newFake(t, answerHello(func(g *fakeGuest, f wire.Frame, req wire.RequestBody) {
				if req.Op != wire.OpIdentity || req.Identity == nil || *req.Identity != wire.Identity(testIdentity) {
					t.Errorf("got request %+v, want the identity", req)
				}
				g.respond(f, test.answer)
			}))
			got, err := c.Identify(t.Context(), testIdentity)
			if !reflect.DeepEqual(got, test.want) || !errors.Is(err, test.err) {
				t.Errorf("Identify: unexpected result %+v, %v", got, err)
			}
		})
	}
}

// Invalid identities are not sent to the guest.
func TestIdentifyInvalid(t *testing.T) {
	_, c := newFake(t, func(_ *fakeGuest, _ wire.Frame, req wire.RequestBody) { t.Errorf("got request %+v, want none", req) })
	for _, who := range []Identity{{}, {ID: "a"}, {ID: "a b", Hostname: "dev"}, {ID: "a", Hostname: "dev\nx"}} {
		if _, err := c.Identify(t.Context(), who); err == nil {
			t.Errorf("%+v was accepted", who)
		}
	}
}

package host

import (
	"os"
	"strings"
	"testing"
)

// What runs beside a VM ends when the VM is stopped, or is gone by itself, and
// before its locks are free.
func TestBesideEndsWithTheVM(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(v *testVM, c *Client){
		"stopped": func(v *testVM, c *Client) {
			if err := c.Stop(v.t.Context(), StopRequest{Force: true}, nil); err != nil {
				v.t.Error(err)
			}
		},
		"died": func(v *testVM, c *Client) {
			events, err := c.Events(v.t.Context())
			if err != nil {
				v.t.Fatal(err)
			}
			v.kill(v.state(c).QEMUPID, 9)
			v.gone(events)
		},
	} {
		t.Run(name, func(t *testing.T) {
			v := newVM(t)
			v.t = t
			end(v, v.start())
			log, err := os.ReadFile(v.spec.Dir.HostLog())
			if err != nil {
				t.Fatal(err)
			}
			if begin, after, _ := strings.Cut(string(log), "beside begins\n"); !strings.HasPrefix(after, "beside ends\n") {
				t.Errorf("host.log: %q, then %q", begin, after)
			}
		})
	}
}

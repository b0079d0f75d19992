package supervisor

import (
	"os"
	"strings"
	"testing"

	"vmterminal/vm/supervisor/client"
)

// The background task must end when the VM is stopped or exits by itself, before the
// locks are released.
func TestBackgroundTaskEndsWithVM(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(v *testVM, c *client.Client){
		"stopped": func(v *testVM, c *client.Client) {
			if err := c.Stop(v.t.Context(), client.StopRequest{Force: true}, nil); err != nil {
				v.t.Error(err)
			}
		},
		"died": func(v *testVM, c *client.Client) {
			events, err := c.Events(v.t.Context())
			if err != nil {
				v.t.Fatal(err)
			}
			v.kill(v.state(c).QEMUPID, 9)
			v.waitForExit(events)
		},
	} {
		t.Run(name, func(t *testing.T) {
			v := newVM(t)
			v.t = t
			end(v, v.start())
			log, err := os.ReadFile(v.spec.Dir.SupervisorLog())
			if err != nil {
				t.Fatal(err)
			}
			if _, after, _ := strings.Cut(string(log), "task started\n"); !strings.HasPrefix(after, "task ended\n") {
				t.Errorf("got host.log %q, want the start and the end of the task", log)
			}
		})
	}
}

package supervisor

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"vmterminal/vm/agent"
	"vmterminal/vm/home"
	"vmterminal/vm/supervisor/client"
)

var testIdentity = agent.Identity{ID: "0123abcd", Hostname: "dev"}

// nextNote waits for the next note and returns it.
func nextNote(t *testing.T, notes <-chan string) string {
	t.Helper()
	select {
	case n := <-notes:
		return n
	case <-time.After(2 * time.Minute):
		t.Fatal("got no note")
		return ""
	}
}

// The identity is sent after each hello; the same result is logged only once.
func TestIdentityIsSentAfterHello(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeAgent()
		f.identified = agent.IdentityResult{Change: agent.IdentityCopied, Renewed: []string{"machine-id", "hostname"}, Notes: []string{"no ssh-keygen"}}
		notes := make(chan string, 10)
		l, events := newFakeLinkFor(t, f, testIdentity, func(text string) { notes <- text })
		if err := l.resize(t.Context(), 80, 24); err != nil {
			t.Fatal(err)
		}
		f.startAnswering()
		if s := (<-events).State; !s.Agent {
			t.Fatalf("state %+v, want Agent", s)
		}
		if n := len(notes); n != 1 {
			t.Errorf("got %d notes when the agent answers, want 1", n)
		}
		want := "the guest's disk was another VM's; renewed: machine-id, hostname; no ssh-keygen"
		if got := nextNote(t, notes); got != want {
			t.Errorf("got note %q, want %v", got, want)
		}
		f.expect(t, "hello", "identity 0123abcd dev", "resize 80x24")
		for range 2 {
			f.ready <- struct{}{} // the guest has rebooted
			f.expect(t, "hello", "identity 0123abcd dev", "resize 80x24")
		}
		if n := len(notes); n != 0 {
			t.Errorf("got note %q again, want none", <-notes)
		}
	})
}

// A slow guest does not block other requests, and its late answer is logged.
func TestSlowIdentity(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeAgent()
		f.identifyGate = make(chan struct{})
		f.identified = agent.IdentityResult{Change: agent.IdentityFirst}
		notes := make(chan string, 10)
		l, events := newFakeLinkFor(t, f, testIdentity, func(text string) { notes <- text })
		f.startAnswering()
		if s := (<-events).State; !s.Agent {
			t.Fatalf("state %+v, want Agent", s)
		}
		if err := l.powerOff(t.Context()); err != nil {
			t.Error(err)
		}
		if n := len(notes); n != 0 {
			t.Errorf("got note %q before the guest answered", <-notes)
		}
		close(f.identifyGate)
		if got := nextNote(t, notes); got != "the guest got its identity" {
			t.Errorf("got note %q, want %q", got, "the guest got its identity")
		}
	})
}

// If there is no answer, the identity is sent again after the next start. Closing the link
// ends the request.
func TestIdentityWithoutAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeAgent()
		f.identifyGate = make(chan struct{})
		l, events := newFakeLinkFor(t, f, testIdentity, func(text string) { t.Errorf("got note %q, want none", text) })
		f.startAnswering()
		f.expect(t, "hello", "identity 0123abcd dev")
		<-events
		f.ready <- struct{}{}
		f.expect(t, "hello", "identity 0123abcd dev")
		l.close()
	})
}

func TestDescribeIdentified(t *testing.T) {
	tests := []struct {
		did  agent.IdentityResult
		err  error
		want string
	}{
		{agent.IdentityResult{Change: agent.IdentitySame}, nil, ""},
		{agent.IdentityResult{Change: agent.IdentityRenamed, Renewed: []string{"hostname"}}, nil, "the guest got the VM's new name; renewed: hostname"},
		{agent.IdentityResult{}, fmt.Errorf("identity: %w", agent.ErrUnsupported), "the guest's agent is too old for identities: a copy of another VM keeps that VM's identity"},
		{agent.IdentityResult{}, agent.ErrRestarted, ""},
		{agent.IdentityResult{}, agent.ErrClosed, ""},
		{agent.IdentityResult{}, errors.New("read-only file system"), "set the guest's identity: read-only file system"},
	}
	for _, test := range tests {
		if got := describeIdentityResult(test.did, test.err); got != test.want {
			t.Errorf("%+v, %v: got %q, want %v", test.did, test.err, got, test.want)
		}
	}
}

// runAndStop starts the VM, runs script in its guest, stops the VM and returns the
// script's output.
func (v *testVM) runAndStop(script string) string {
	v.t.Helper()
	c := v.start()
	v.waitUntil(c, func(s client.State) bool { return s.Agent })
	var out strings.Builder
	exit, err := c.Exec(v.t.Context(), agent.Command{Args: []string{"sh", "-c", script}, Stdout: &out, Stderr: &out})
	if err != nil || exit != 0 {
		v.t.Fatalf("got exit code %d, error %v, want 0, nil: %s", exit, err, out.String())
	}
	if err := c.Stop(v.t.Context(), client.StopRequest{Grace: patientGrace}, nil); err != nil {
		v.t.Fatal(err)
	}
	return out.String()
}

// A guest that does not get its identity from the kernel command line gets it through the
// agent, and gets a new one when its disk is used in another VM.
func TestIdentityOfCopiedDisk(t *testing.T) {
	t.Parallel()
	const script = "cat /etc/machine-id; hostname; cat /etc/hostname /var/lib/vmterminal/id"
	v := newGuest(t)
	v.spec.ID = "one"
	original := v.runAndStop(script)
	if lines := strings.Split(original, "\n"); len(lines) != 5 || len(lines[0]) != 32 ||
		strings.Join(lines[1:], " ") != "dev dev one dev " {
		t.Fatalf("the original VM printed %q, want its identity", original)
	}
	disk, err := os.ReadFile(v.spec.Dir.Disk())
	if err != nil {
		t.Fatal(err)
	}

	w := newVM(t)
	w.spec.ID, w.spec.Name = "two", "other_vm"
	writeSparse(t, w.spec.Dir.Disk(), disk)
	copied := w.runAndStop(script)
	if lines := strings.Split(copied, "\n"); len(lines) != 5 || len(lines[0]) != 32 || lines[0] == original[:32] ||
		strings.Join(lines[1:], " ") != "other-vm other-vm two other-vm " {
		t.Errorf("the copy printed %q, want an identity other than the original's %q", copied, original)
	}
	for dir, want := range map[string]string{
		string(v.spec.Dir): "the guest got its identity; renewed: machine-id, hostname\n",
		string(w.spec.Dir): "the guest's disk was another VM's; renewed: machine-id, hostname\n",
	} {
		log, err := os.ReadFile(home.VMDir(dir).SupervisorLog())
		if err != nil || strings.Count(string(log), want) != 1 {
			t.Errorf("got host.log %q, %v; want the result in it once", log, err)
		}
	}
	if again := v.runAndStop(script); again != original {
		t.Errorf("the original VM printed %q, want %q as before", again, original)
	}
}

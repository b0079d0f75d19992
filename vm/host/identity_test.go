package host

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"vmterminal/app/ondisk"
	"vmterminal/vm/agent"
)

var self = agent.Identity{ID: "0123abcd", Hostname: "dev"}

// nextNote returns the next note.
func nextNote(t *testing.T, notes <-chan string) string {
	t.Helper()
	select {
	case n := <-notes:
		return n
	case <-time.After(30 * time.Second):
		t.Fatal("nothing was noted")
		return ""
	}
}

// The guest is told after each hello; the same outcome is noted once.
func TestGuestIsToldItsIdentity(t *testing.T) {
	f := newFakeAgent()
	f.identified = agent.Identified{Found: agent.Copied, Renewed: []string{"machine-id", "hostname"}, Notes: []string{"no ssh-keygen"}}
	notes := make(chan string, 10)
	l, events := linkAs(t, f, self, func(text string) { notes <- text })
	if err := l.resize(t.Context(), 80, 24); err != nil {
		t.Fatal(err)
	}
	f.boot()
	if s := (<-events).State; !s.Agent {
		t.Fatalf("state %+v", s)
	}
	if n := len(notes); n != 1 {
		t.Errorf("%d notes when the agent is announced", n)
	}
	want := "the guest's disk was another VM's; made new: machine-id, hostname; no ssh-keygen"
	if got := nextNote(t, notes); got != want {
		t.Errorf("noted %q", got)
	}
	f.expect(t, "hello", "identity 0123abcd dev", "resize 80x24")
	for range 2 {
		f.ready <- struct{}{} // the guest has rebooted
		f.expect(t, "hello", "identity 0123abcd dev", "resize 80x24")
	}
	if n := len(notes); n != 0 {
		t.Errorf("noted again: %q", <-notes)
	}
}

// A guest that takes long holds up nobody, and its answer is noted when it comes.
func TestSlowIdentity(t *testing.T) {
	f := newFakeAgent()
	f.slow = make(chan struct{})
	f.identified = agent.Identified{Found: agent.First}
	notes := make(chan string, 10)
	l, events := linkAs(t, f, self, func(text string) { notes <- text })
	f.boot()
	if s := (<-events).State; !s.Agent {
		t.Fatalf("state %+v", s)
	}
	if err := l.powerOff(t.Context()); err != nil {
		t.Error(err)
	}
	if n := len(notes); n != 0 {
		t.Errorf("noted %q before it answered", <-notes)
	}
	close(f.slow)
	if got := nextNote(t, notes); got != "the guest was told for the first time which VM it is in" {
		t.Errorf("noted %q", got)
	}
}

// One that never answers is told anew after its next start, and ends with the
// link.
func TestIdentityIsNeverAnswered(t *testing.T) {
	f := newFakeAgent()
	f.slow = make(chan struct{})
	l, events := linkAs(t, f, self, func(text string) { t.Errorf("noted %q", text) })
	f.boot()
	f.expect(t, "hello", "identity 0123abcd dev")
	<-events
	f.ready <- struct{}{}
	f.expect(t, "hello", "identity 0123abcd dev")
	l.close()
}

func TestOutcome(t *testing.T) {
	tests := []struct {
		did  agent.Identified
		err  error
		want string
	}{
		{agent.Identified{Found: agent.Same}, nil, ""},
		{agent.Identified{Found: agent.Renamed, Renewed: []string{"hostname"}}, nil, "the guest was told the VM's new name; made new: hostname"},
		{agent.Identified{}, fmt.Errorf("identity: %w", agent.ErrUnsupported), "the guest's agent is too old to be told which VM it is in: a copy of another VM keeps that one's identity"},
		{agent.Identified{}, agent.ErrRestarted, ""},
		{agent.Identified{}, agent.ErrClosed, ""},
		{agent.Identified{}, errors.New("read-only file system"), "telling the guest which VM it is in: read-only file system"},
	}
	for _, test := range tests {
		if got := outcome(test.did, test.err); got != test.want {
			t.Errorf("%+v, %v: %q", test.did, test.err, got)
		}
	}
}

// identify starts the VM, lets script speak for its guest, and stops it.
func (v *testVM) identify(script string) string {
	v.t.Helper()
	c := v.start()
	v.waitUntil(c, func(s State) bool { return s.Agent })
	var out strings.Builder
	exit, err := c.Exec(v.t.Context(), agent.Command{Args: []string{"sh", "-c", script}, Stdout: &out, Stderr: &out})
	if err != nil || exit != 0 {
		v.t.Fatalf("exit %d, %v: %s", exit, err, out.String())
	}
	if err := c.Stop(v.t.Context(), StopRequest{}, nil); err != nil {
		v.t.Fatal(err)
	}
	return out.String()
}

// A guest whose kernel says nothing of identities, as one that boots from its
// own disk, is told by its agent, and changes when its disk is in another VM.
func TestGuestOfACopiedDisk(t *testing.T) {
	t.Parallel()
	const script = "cat /etc/machine-id; hostname; cat /etc/hostname /var/lib/vmterminal/id"
	v := newGuest(t)
	v.spec.ID = "one"
	original := v.identify(script)
	if lines := strings.Split(original, "\n"); len(lines) != 5 || len(lines[0]) != 32 ||
		strings.Join(lines[1:], " ") != "dev dev one dev " {
		t.Fatalf("the original is %q", original)
	}
	disk, err := os.ReadFile(v.spec.Dir.Disk())
	if err != nil {
		t.Fatal(err)
	}

	w := newVM(t)
	w.spec.ID, w.spec.Name = "two", "other_vm"
	writeSparse(t, w.spec.Dir.Disk(), disk)
	copied := w.identify(script)
	if lines := strings.Split(copied, "\n"); len(lines) != 5 || len(lines[0]) != 32 || lines[0] == original[:32] ||
		strings.Join(lines[1:], " ") != "other-vm other-vm two other-vm " {
		t.Errorf("the copy is %q, of %q", copied, original)
	}
	for dir, want := range map[string]string{
		string(v.spec.Dir): "for the first time which VM it is in; made new: machine-id, hostname\n",
		string(w.spec.Dir): "the guest's disk was another VM's; made new: machine-id, hostname\n",
	} {
		log, err := os.ReadFile(ondisk.VMDir(dir).HostLog())
		if err != nil || strings.Count(string(log), want) != 1 {
			t.Errorf("host.log %q, %v", log, err)
		}
	}
	if again := v.identify(script); again != original {
		t.Errorf("the original is %q, was %q", again, original)
	}
}

package endtoend

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// TestMainJobByCommands is the whole path of the user's page, on the default
// disk of 10 GB: create, run, attach, snapshot the running VM, break a file,
// restore, and carry the snapshot into another VM.
func TestMainJobByCommands(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	createDefault(t, s)
	attached := inTerminals(t, s)
	writeInGuest(t, s)
	snapshotRunning(t, s)
	breakAndRestore(t, s)
	attached.expect("VM 'default' is off: ")
	if code := attached.exit(); code != 0 {
		t.Errorf("run ended with %d when the VM left", code)
	}
	copyByHand(t, s)
}

func createDefault(t *testing.T, s *store) {
	began := time.Now()
	s.do("vm", "create", "default")
	t.Logf("a VM was created in %s", took(began))
	size, allocated := sizes(t, s.disk("default"))
	if size != 10<<30 || allocated >= 100<<20 {
		t.Errorf("the disk has %d bytes and takes %d; want 10 GB that take less than 100 MB", size, allocated)
	}
	list := s.do("vm", "list").out
	if !regexp.MustCompile(`(?m)^\* default +stopped `).MatchString(list) {
		t.Errorf("the list does not have the VM:\n%s", list)
	}
}

// inTerminals starts the VM from one terminal, joins with a second, and leaves
// with the first. It returns the second.
func inTerminals(t *testing.T, s *store) *terminal {
	began := time.Now()
	first := s.terminal("run")
	first.expect("Attached to 'default'. Ctrl+] detaches")
	first.expectMatch(prompt)
	t.Logf("from run to a shell: %s", took(began))
	first.shell("cd", "first")

	second := s.terminal("run")
	second.expect("Attached to 'default'")
	second.expect(said("first")) // nobody typed it here
	second.shell("cd", "both")
	first.expect(said("both"))

	first.press("\x1d")
	first.expect("Detached; 'default' goes on running")
	if code := first.exit(); code != 0 {
		t.Errorf("detaching ended with %d", code)
	}
	second.shell("cd", "alone")
	showsStatus(t, s, began)

	again := s.terminal("run")
	again.expect(said("alone"))
	again.press("\x1d")
	again.exit()

	return second
}

func showsStatus(t *testing.T, s *store, began time.Time) {
	t.Helper()
	s.answering("default")
	text := s.do("status").out
	want := regexp.MustCompile(`^VM: default
  State: running
  Accelerator: (kvm|tcg) \(.+\)
  Since: \d{4}-\d\d-\d\d \d\d:\d\d:\d\d \(.+\)
(  Address: [\d.:a-f]+
)+  Host memory: \d+\.\d\d MB
  Host CPU time: [\dms.]+
$`)
	if !want.MatchString(text) {
		t.Errorf("status is not as it should be:\n%s", text)
	}
	v := s.status()
	if v.State != "running" || !v.Agent || v.Since.Before(began.Add(-time.Second)) || v.Since.After(time.Now()) {
		t.Errorf("status --json is %+v", v)
	}
	t.Logf("accelerator: %s", v.Accelerator)
}

// precious is the file that gets broken; counter is written all the time.
const (
	precious = "/root/precious"
	counter  = "/root/counter"
)

func writeInGuest(t *testing.T, s *store) {
	t.Helper()
	x := s.terminal("run")
	x.expectMatch(prompt)
	x.shell("echo kept >"+precious, "saved")
	x.shell("(i=0; while :; do i=$((i+1)); echo $i; done >"+counter+") & cd", "writing")
	x.press("\x1d")
	x.exit()
}

// count is the writer's last number in the file. The numbers must be 1, 2, 3 …
func count(t *testing.T, s *store, vm string) int {
	t.Helper()
	o := s.guest(vm, `awk '$1 != NR { print "line " NR " is " $0; exit 1 } END { print NR }' `+counter)
	n := 0
	for _, digit := range strings.TrimSpace(o) {
		n = 10*n + int(digit-'0')
	}
	return n
}

func snapshotRunning(t *testing.T, s *store) {
	t.Helper()
	began := time.Now()
	o := s.do("snapshot", "create", "before", "-d", "Before I break it")
	t.Logf("a snapshot of the running VM took %s", took(began))
	size := `\d+\.\d\d MB`
	matches(t, o.out, `Snapshot created: before \(`+size+` compressed\)\n`)
	if o.said != "Creating snapshot 'before' for VM 'default'...\nThis may take a while depending on disk size...\n" {
		t.Errorf("on a pipe there are these lines and nothing more, but here is %q", o.said)
	}

	when := `\d{4}-\d\d-\d\d \d\d:\d\d:\d\d`
	matches(t, s.do("snapshot", "list").out, `Snapshots for VM 'default':
  before
    Created: `+when+`
    Description: Before I break it
    Original size: 10240\.00 MB
    Compressed size: `+size+`
`)
	matches(t, s.do("snapshot", "show", "before").out, `Snapshot: before
  VM: default
  Created: `+when+`
  Description: Before I break it
  Original disk size: 10240\.00 MB
  Compressed size: `+size+`
  Compression ratio: \d+\.\d%
`)
	var shown struct {
		Snapshot struct {
			Taken  string
			HeldUs int64 `json:"held_us"`
		}
	}
	s.decode(s.do("snapshot", "show", "before", "--json").out, &shown)
	if shown.Snapshot.Taken != "frozen" {
		t.Errorf("the guest's agent answers, and yet the snapshot is %q", shown.Snapshot.Taken)
	}
	t.Logf("the guest was held %d ms", shown.Snapshot.HeldUs/1000)

	// The guest was not stopped: its writer goes on.
	at := s.guest("default", "wc -c <"+counter)
	until(t, "the writer goes on", func() bool { return s.guest("default", "wc -c <"+counter) != at })
}

func breakAndRestore(t *testing.T, s *store) {
	t.Helper()
	s.guest("default", "echo garbage >"+precious+"; sync")
	if got := s.guest("default", "cat "+precious); got != "garbage\n" {
		t.Fatalf("the broken file has %q", got)
	}

	o := s.try("snapshot", "restore", "before")
	if o.code != 4 || o.out != "" || strings.Count(o.said, "\n") != 1 || !strings.Contains(o.said, "VM is running") {
		t.Errorf("a restore while the VM runs ended with %d, %q and %q; want 4 and one line", o.code, o.out, o.said)
	}

	began := time.Now()
	matches(t, s.do("stop").out, `VM stopped: default \(.+\)\n`)
	t.Logf("stopping took %s", took(began))
	if v := s.status(); v.State != "stopped" {
		t.Errorf("after stop the state is %q", v.State)
	}
	began = time.Now()
	if o := s.do("snapshot", "restore", "before"); o.out != "Snapshot restored: before\n" {
		t.Errorf("restore printed %q", o.out)
	}
	t.Logf("restoring took %s", took(began))
	matches(t, s.do("run").out, `VM running: default \((kvm|tcg)\)\n`)
	s.answering("default")
	isBack(t, s, "default")
}

// isBack looks whether a guest is as it was at the snapshot.
func isBack(t *testing.T, s *store, vm string) {
	t.Helper()
	if got := s.guest(vm, "cat "+precious); got != "kept\n" {
		t.Errorf("in %s the file has %q, and had \"kept\" at the snapshot", vm, got)
	}
	n := count(t, s, vm)
	if n == 0 {
		t.Errorf("in %s what the writer wrote is gone", vm)
	}
	t.Logf("in %s the writer's file ends whole at %d", vm, n)
}

// copyByHand carries the snapshot into another VM as the user's page says.
func copyByHand(t *testing.T, s *store) {
	t.Helper()
	s.do("vm", "create", "staging", "--cpus", "1", "--memory", "256")
	from := filepath.Join(s.folder("default"), "snapshots", "before.raw.gz")
	if text, err := exec.Command("cp", from, filepath.Join(s.folder("staging"), "snapshots")+"/").CombinedOutput(); err != nil {
		t.Fatalf("cp: %v\n%s", err, text)
	}
	if names := s.snapshots("staging"); len(names) != 1 || names[0] != "before" {
		t.Errorf("the copied file is listed as %q", names)
	}
	s.do("snapshot", "restore", "before", "--vm", "staging")
	s.do("run", "--vm", "staging") // default runs beside it
	s.answering("staging")
	isBack(t, s, "staging")
}

func matches(t *testing.T, text, pattern string) {
	t.Helper()
	if !regexp.MustCompile(`\A(?:` + pattern + `)\z`).MatchString(text) {
		t.Errorf("this is not as it should be:\n%s", text)
	}
}

package endtoend

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// TestMainJobByCommands follows the user's documentation with the default disk of 10 GB. It
// creates a VM, runs it, attaches to it, takes a snapshot while it runs, breaks a file,
// restores the snapshot, and copies it to another VM.
func TestMainJobByCommands(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	createDefault(t, s)
	attached := attachTwice(t, s)
	startWriter(t, s)
	snapshotRunningVM(t, s)
	breakAndRestore(t, s, attached)
	copySnapshotFile(t, s)
}

func createDefault(t *testing.T, s *store) {
	began := time.Now()
	s.mustRun("vm", "create", "default")
	t.Logf("a VM was created in %s", roundedSince(began))
	size, allocated := diskUsage(t, s.diskPath("default"))
	if size != 10<<30 || allocated >= 100<<20 {
		t.Errorf("disk: got %d bytes with %d allocated, want 10 GB with less than 100 MB allocated", size, allocated)
	}
	list := s.mustRun("vm", "list").out
	if !regexp.MustCompile(`(?m)^\* default +stopped `).MatchString(list) {
		t.Errorf("want the VM in the list, got:\n%s", list)
	}
}

// attachTwice starts the VM from one terminal, attaches a second terminal and detaches the
// first. It returns the second.
func attachTwice(t *testing.T, s *store) *terminal {
	began := time.Now()
	first := s.terminal("run")
	first.expect("Attached to 'default'. Ctrl+] detaches")
	first.expectMatch(prompt)
	t.Logf("from run to a shell: %s", roundedSince(began))
	first.runInShell("cd", "first")

	second := s.terminal("run")
	second.expect("Attached to 'default'")
	second.expect(marker("first")) // typed in the first terminal
	second.runInShell("cd", "both")
	first.expect(marker("both"))

	first.press("\x1d")
	first.expect("Detached; 'default' keeps running")
	if code := first.waitExit(); code != 0 {
		t.Errorf("detaching: got exit code %d, want 0", code)
	}
	second.runInShell("cd", "alone")
	checkStatus(t, s, began)

	again := s.terminal("run")
	again.expect(marker("alone"))
	again.press("\x1d")
	again.waitExit()

	return second
}

func checkStatus(t *testing.T, s *store, began time.Time) {
	t.Helper()
	s.waitForAgent("default")
	want := regexp.MustCompile(`^VM: default
  State: running
  Accelerator: (kvm|tcg) \(.+\)
  Running since: \d{4}-\d\d-\d\d \d\d:\d\d:\d\d \(.+\)
(  Address: [\d.:a-f]+
)+  Host memory: [\d.]+ [MG]iB
  Host CPU time: [\d.]+ m?s
$`)
	text := ""
	listsAddresses := func() bool { // of a busy guest, status shows none
		text = s.mustRun("status").out
		return want.MatchString(text)
	}
	if !pollUntil(stateTimeout, listsAddresses) {
		t.Errorf("got status:\n%s\nwant a match of %s", text, want)
	}
	v := s.status()
	if v.State != "running" || !v.Agent || v.Since.Before(began.Add(-time.Second)) || v.Since.After(time.Now()) {
		t.Errorf("status --json: got %+v, want a running VM with an agent, started just now", v)
	}
	t.Logf("accelerator: %s", v.Accelerator)
}

// testFile is the file that the test breaks. The guest writes to counter continuously.
const (
	testFile = "/root/precious"
	counter  = "/root/counter"
)

func startWriter(t *testing.T, s *store) {
	t.Helper()
	x := s.terminal("run")
	x.expectMatch(prompt)
	x.runInShell("echo kept >"+testFile, "saved")
	x.runInShell("(i=0; while :; do i=$((i+1)); echo $i; done >"+counter+") & cd", "writing")
	x.press("\x1d")
	x.waitExit()
}

// lastCount returns the last number in the counter file. The test fails unless the numbers are
// 1, 2, 3 …
func lastCount(t *testing.T, s *store, vm string) int {
	t.Helper()
	o := s.runInGuest(vm, `awk '$1 != NR { print "line " NR " is " $0; exit 1 } END { print NR }' `+counter)
	n := 0
	for _, digit := range strings.TrimSpace(o) {
		n = 10*n + int(digit-'0')
	}
	return n
}

func snapshotRunningVM(t *testing.T, s *store) {
	t.Helper()
	began := time.Now()
	o := s.mustRun("snapshot", "create", "before", "-d", "Before I break it")
	t.Logf("a snapshot of the running VM took %s", roundedSince(began))
	size := `\d+\.\d\d MB`
	checkMatch(t, o.out, `Snapshot created: before \(`+size+` compressed\)\n`)
	if o.stderr != "Creating snapshot 'before' for VM 'default'...\nThis may take a while depending on disk size...\n" {
		t.Errorf("stderr on a pipe: got %q, want only the two progress lines", o.stderr)
	}

	when := `\d{4}-\d\d-\d\d \d\d:\d\d:\d\d`
	checkMatch(t, s.mustRun("snapshot", "list").out, `Snapshots for VM 'default':
  before
    Created: `+when+`
    Description: Before I break it
    Original size: 10240\.00 MB
    Compressed size: `+size+`
`)
	checkMatch(t, s.mustRun("snapshot", "show", "before").out, `Snapshot: before
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
	s.decodeJSON(s.mustRun("snapshot", "show", "before", "--json").out, &shown)
	if shown.Snapshot.Taken != "frozen" {
		t.Errorf("how the snapshot was taken, with a responding agent: got %q, want frozen", shown.Snapshot.Taken)
	}
	t.Logf("the guest was frozen for %d ms", shown.Snapshot.HeldUs/1000)

	// The guest was not stopped: its writer continues.
	at := s.runInGuest("default", "wc -c <"+counter)
	waitUntil(t, "the writer continues", func() bool { return s.runInGuest("default", "wc -c <"+counter) != at })
}

func breakAndRestore(t *testing.T, s *store, attached *terminal) {
	t.Helper()
	s.runInGuest("default", "echo garbage >"+testFile+"; sync")
	if got := s.runInGuest("default", "cat "+testFile); got != "garbage\n" {
		t.Fatalf("broken file: got %q, want garbage", got)
	}

	o := s.run("snapshot", "restore", "before")
	if o.code != 4 || o.out != "" || strings.Count(o.stderr, "\n") != 1 || !strings.Contains(o.stderr, "VM is running") {
		t.Errorf("restore of a running VM: got exit code %d, stdout %q and stderr %q, want 4 and one line on stderr", o.code, o.out, o.stderr)
	}

	began := time.Now()
	checkMatch(t, s.mustRun("stop").out, `VM stopped: default \(.+\)\n`)
	t.Logf("stopping took %s", roundedSince(began))
	attached.expect("VM 'default' is off: ")
	if code := attached.waitExit(); code != 0 {
		t.Errorf("attached terminal: got exit code %d when the VM stopped, want 0", code)
	}
	if v := s.status(); v.State != "stopped" {
		t.Errorf("state after stop: got %q, want stopped", v.State)
	}
	began = time.Now()
	if o := s.mustRun("snapshot", "restore", "before"); o.out != "Snapshot restored: before\n" {
		t.Errorf("restore: got output %q, want only that the snapshot was restored", o.out)
	}
	t.Logf("restoring took %s", roundedSince(began))
	checkMatch(t, s.mustRun("run").out, `VM running: default \((kvm|tcg)\)\n`)
	s.waitForAgent("default")
	checkRestored(t, s, "default")
}

// checkRestored checks that a guest's files are those in the snapshot.
func checkRestored(t *testing.T, s *store, vm string) {
	t.Helper()
	if got := s.runInGuest(vm, "cat "+testFile); got != "kept\n" {
		t.Errorf("file in %s: got %q, want \"kept\" as in the snapshot", vm, got)
	}
	n := lastCount(t, s, vm)
	if n == 0 {
		t.Errorf("%s: the writer's file is empty", vm)
	}
	t.Logf("%s: the writer's file is complete up to %d", vm, n)
}

// copySnapshotFile copies the snapshot's file to another VM, as the user's documentation
// describes.
func copySnapshotFile(t *testing.T, s *store) {
	t.Helper()
	s.mustRun("vm", "create", "staging", "--cpus", "1", "--memory", "256")
	from := filepath.Join(s.vmDir("default"), "snapshots", "before.raw.gz")
	if text, err := exec.Command("cp", from, filepath.Join(s.vmDir("staging"), "snapshots")+"/").CombinedOutput(); err != nil {
		t.Fatalf("cp: %v\n%s", err, text)
	}
	if names := s.snapshots("staging"); len(names) != 1 || names[0] != "before" {
		t.Errorf("snapshots after the copy: got %q, want before", names)
	}
	s.mustRun("snapshot", "restore", "before", "--vm", "staging")
	s.mustRun("run", "--vm", "staging") // while default is running
	s.waitForAgent("staging")
	checkRestored(t, s, "staging")
}

func checkMatch(t *testing.T, text, pattern string) {
	t.Helper()
	if !regexp.MustCompile(`\A(?:` + pattern + `)\z`).MatchString(text) {
		t.Errorf("got:\n%s\nwant a match of %s", text, pattern)
	}
}

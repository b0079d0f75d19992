package supervisor

import (
	"errors"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vmterminal/vm/agent"
	"vmterminal/vm/supervisor/client"
)

// TestDebugLogContainsNoSecrets runs a VM with a debug log, sends a secret to its guest in
// every possible way, and searches the log for it.
func TestDebugLogContainsNoSecrets(t *testing.T) {
	t.Parallel()
	const secret = "hunter2"
	v := newGuest(t)
	v.spec.Debug = true
	c := v.start()
	v.waitUntil(c, func(s client.State) bool { return s.Agent })
	var out strings.Builder
	exit, err := c.Exec(t.Context(), agent.Command{
		Args: []string{"sh", "-c", "cat; echo $0 $TOKEN; cat /no/such/file/" + secret, secret}, Env: []string{"TOKEN=" + secret},
		Stdin: strings.NewReader(secret), Stdout: &out, Stderr: &out,
	})
	if err != nil || exit == 0 || strings.Count(out.String(), secret) < 4 {
		t.Fatalf("got exit code %d, %v, output %q; want a failing command that prints the secret four times", exit, err, out.String())
	}
	if _, err := c.Exec(t.Context(), agent.Command{Args: []string{secret}}); err == nil {
		t.Error("a command that does not exist ran")
	}
	a := v.attach(c)
	a.send("echo " + secret + "-$((40+2))")
	a.expect(secret + "-42")
	pit := v.beginFrozen(c)
	if err := pit.RecordSnapshot(t.Context(), client.SnapshotRef{ID: secret, Digest: secret}); err != nil {
		t.Error(err)
	}
	if err := c.EndPointInTime(t.Context()); err != nil {
		t.Error(err)
	}
	if err := c.Stop(t.Context(), client.StopRequest{Force: true}, nil); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(v.spec.Dir.SupervisorLog())
	if err != nil {
		t.Fatal(err)
	}
	log := string(text)
	for _, want := range []string{
		`msg="start QEMU"`, `msg="QMP command" command=cont duration=`, `msg="agent answers"`,
		`msg="agent request" request=run duration=`, `result="not found"`, `request=freeze`,
		`msg=request route="POST /v1/exec" duration=`, `msg="stop requested" force=true`, `msg="QEMU exited"`,
	} {
		if !strings.Contains(log, want) {
			t.Errorf("the log does not contain %s:\n%s", want, log)
		}
	}
	if strings.Contains(log, secret) {
		t.Errorf("the secret is in the log:\n%s", log)
	}
}

// TestProfilesOnThePrivateSocketOnly also checks that there are no debug messages
// without Spec.Debug.
func TestProfilesOnThePrivateSocketOnly(t *testing.T) {
	v := newVM(t)
	m := v.prepareMachine()
	for path, want := range map[string]string{
		"":                  "heap",
		"goroutine?debug=1": "goroutine profile:",
		"heap?debug=1":      "heap profile:",
		"symbol":            "num_symbols",
		"profile?seconds=1": "",
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://vm/debug/pprof/"+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := plainHTTP(m.sockets).Do(req)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || resp.StatusCode != http.StatusOK || !strings.Contains(string(text), want) {
			t.Errorf("/debug/pprof/%s: got %s, %v, %.200q; want %q in it", path, resp.Status, err, text, want)
		}
	}
	if got := listeningTCP(t); len(got) > 0 {
		t.Errorf("this process listens on TCP: got sockets %v, want none", got)
	}
	if log, err := os.ReadFile(v.spec.Dir.SupervisorLog()); err != nil || strings.Contains(string(log), "level=DEBUG") {
		t.Errorf("got log %q, %v; want no debug messages", log, err)
	}
}

// listeningTCP returns the lines of /proc/net/tcp and tcp6 about sockets that this
// process listens on.
func listeningTCP(t *testing.T) []string {
	t.Helper()
	own := map[string]bool{}
	fds, err := filepath.Glob("/proc/self/fd/*")
	if err != nil || len(fds) == 0 {
		t.Fatalf("got descriptors %v, %v; want at least one", fds, err)
	}
	for _, fd := range fds {
		if target, err := os.Readlink(fd); err == nil {
			own[target] = true
		}
	}
	var listening []string
	for _, file := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		text, err := os.ReadFile(file)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		} else if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			const state, listen, inode = 3, "0A", 9
			if f := strings.Fields(line); len(f) > inode && f[state] == listen && own["socket:["+f[inode]+"]"] {
				listening = append(listening, line)
			}
		}
	}
	return listening
}

func TestListeningTCPFindsAListener(t *testing.T) {
	before := len(listeningTCP(t))
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	if got := len(listeningTCP(t)); got != before+1 {
		t.Errorf("got %d listeners, want %d", got, before+1)
	}
}

package cli_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"vmterminal/snapshot/durable"
	"vmterminal/vm/home"
	"vmterminal/vm/supervisor/client"
)

// nobody is the ID of a user without access to the store.
const nobody = 65534

func init() { commands["stranger"] = strangerProgram }

// strangerProgram reads paths from standard input and tries to access each. For each path it
// prints a line that lists the kinds of access that succeeded.
func strangerProgram() {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		fmt.Println(strings.Join(accessTo(lines.Text()), " "))
	}
}

func accessTo(path string) (could []string) {
	for how, flag := range map[string]int{"read": os.O_RDONLY, "write": os.O_WRONLY} {
		if f, err := os.OpenFile(path, flag|syscall.O_NONBLOCK, 0); err == nil {
			could = append(could, how)
			f.Close()
		}
	}
	if conn, err := net.Dial("unix", path); err == nil {
		could = append(could, "connect")
		conn.Close()
	}
	return could
}

// world is a folder that all users can access. It contains a store created with umask 000. A
// process of another user tries to access that store.
type world struct {
	t    *testing.T
	base string
	home home.Dir

	mu      sync.Mutex
	ask     io.Writer
	answers *bufio.Scanner
	found   map[string]bool // base names of the paths that were tried
}

func newWorld(t *testing.T) *world {
	if os.Geteuid() != 0 {
		t.Skip("only root can run a process of another user")
	}
	base, err := os.MkdirTemp("", "vmt") // socket paths must be short
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, base: base, home: home.Dir(filepath.Join(base, "store")), found: map[string]bool{}}
	t.Cleanup(func() {
		stopAll(t, w.home)
		os.RemoveAll(base)
	})
	for _, dir := range []string{base, w.public("user"), w.public("tmp"), w.public("out"), w.public("bin")} {
		if err := os.Mkdir(dir, 0o777); err != nil && dir != base {
			t.Fatal(err)
		}
		if err := os.Chmod(dir, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	w.startStranger()
	return w
}

func (w *world) public(name string) string { return filepath.Join(w.base, name) }

// startStranger runs a copy of this program as another user.
func (w *world) startStranger() {
	w.t.Helper()
	exe, err := exec.LookPath("stranger")
	if err != nil {
		w.t.Fatal(err)
	}
	program := filepath.Join(w.public("bin"), "stranger")
	if out, err := exec.Command("cp", "-L", exe, program).CombinedOutput(); err != nil {
		w.t.Fatalf("%v: %s", err, out)
	}
	if err := os.Chmod(program, 0o755); err != nil {
		w.t.Fatal(err)
	}
	cmd := exec.Command(program)
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	in, err := cmd.StdinPipe()
	if err != nil {
		w.t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		w.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() {
		in.Close()
		_ = cmd.Wait()
	})
	w.ask, w.answers = in, bufio.NewScanner(out)
}

// could returns the kinds of access that the other user has to a path.
func (w *world) could(path string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, err := fmt.Fprintln(w.ask, path); err != nil || !w.answers.Scan() {
		w.t.Error("the other user's process exited")
		return ""
	}
	return w.answers.Text()
}

// look checks that the other user cannot access anything except the public folders.
func (w *world) look() {
	for _, root := range []string{string(w.home), w.public("user"), w.public("tmp"), w.public("out")} {
		_ = filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
			if err != nil || path == w.public("user") || path == w.public("tmp") || path == w.public("out") {
				return nil // removed in the meantime, or public
			}
			w.mu.Lock()
			w.found[filepath.Base(path)] = true
			w.mu.Unlock()
			if could := w.could(path); could != "" {
				w.t.Errorf("another user can %s %s, want no access", could, strings.TrimPrefix(path, w.base))
			}
			return nil
		})
	}
}

// saw fails the test unless each of the patterns matches a file that was tried.
func (w *world) saw(names ...string) {
	w.t.Helper()
	for _, pattern := range names {
		hit := false
		for name := range w.found {
			if ok, _ := filepath.Match(pattern, name); ok {
				hit = true
			}
		}
		if !hit {
			w.t.Errorf("%s was never tried", pattern)
		}
	}
}

// command returns a command of the program with umask 000.
func (w *world) command(args ...string) *exec.Cmd {
	cmd := exec.Command("sh", append([]string{"-c", `umask 000; exec vmterminal "$@"`, "sh"}, args...)...)
	cmd.Env = append(os.Environ(), home.EnvVar+"="+string(w.home), "HOME="+w.public("user"), "TMPDIR="+w.public("tmp"))
	return cmd
}

// run runs a command of the program while the other user keeps trying to access everything.
func (w *world) run(args ...string) {
	w.t.Helper()
	cmd := w.command(args...)
	ctx, stop := context.WithCancel(w.t.Context())
	var looking sync.WaitGroup
	looking.Go(func() {
		for ctx.Err() == nil {
			w.look()
			select { // leave most of the processor to the command
			case <-time.After(10 * time.Millisecond):
			case <-ctx.Done():
			}
		}
	})
	out, err := cmd.CombinedOutput()
	stop()
	looking.Wait()
	if err != nil {
		w.t.Fatalf("%v: %v\n%s", args, err, out)
	}
}

// createSnapshot creates a snapshot. The other user tries to access everything while the
// snapshot's file is unfinished.
func (w *world) createSnapshot(name string) {
	w.t.Helper()
	cmd := w.command("--debug", "snapshot", "create", name)
	cmd.Env = append(cmd.Env, suspendAt+"=1 phase=scan-disk")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	err := waitSuspended(cmd.Process.Pid)
	if err == nil {
		w.look()
	}
	_ = cmd.Process.Signal(syscall.SIGCONT) // it may have exited
	if err := errors.Join(err, cmd.Wait()); err != nil {
		w.t.Fatalf("create a snapshot: %v\n%s", err, out.String())
	}
}

// TestNoAccessForOtherUsers checks that another user can never open a file, folder or socket
// that the program creates, even with umask 000, and that nothing listens on the network.
func TestNoAccessForOtherUsers(t *testing.T) {
	w := newWorld(t)
	w.run("vm", "create", "default", "--disk-size", "256", "--memory", "160", "--cpus", "1")
	if could := w.could(w.public("out")); could != "read" {
		t.Fatalf("access to a public folder: got %q, want read", could)
	}
	w.run("run", "--detach")
	w.run("exec", "--", "sh", "-c", "head -c 8000000 /dev/urandom >/root/x; sync")

	c, err := client.Connect(t.Context(), w.home.VM("default"), w.home.Run(), nil)
	if err != nil {
		t.Fatal(err)
	}
	pit, err := c.BeginPointInTime(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	w.look()
	w.saw("disk.raw", "vms.json", "active", "store.lock", "lock", "host.json", "host.log", "console.log", "cache", "vmlinuz*",
		"fleece.qcow2", "qmp", "tty", "agent", "nbd", "api")
	state, err := c.State(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, pid := range []int{state.PID, state.QEMUPID} {
		for _, where := range networkSockets(t, pid) {
			t.Errorf("process %d listens on %s", pid, where)
		}
	}
	if err := pit.Close(); err != nil {
		t.Fatal(err)
	}

	w.createSnapshot("one")
	w.run("snapshot", "export", "one", filepath.Join(w.public("out"), "one.raw.gz"))
	w.run("snapshot", "import", filepath.Join(w.public("out"), "one.raw.gz"), "--name", "two")
	w.run("snapshot", "clone", "one", "other")
	w.run("stop", "--vm", "default", "--force")
	w.run("snapshot", "restore", "--vm", "default", "one")
	w.look()
	w.saw("one.raw.gz", "one.idx", "two.raw.gz", "disk.undo", "origin.json", "snapshots.json", "last.json", ".*"+durable.TempSuffix)
}

// networkSockets returns the addresses other than loopback on which a process listens.
func networkSockets(t *testing.T, pid int) (reachable []string) {
	t.Helper()
	own := map[string]bool{}
	fds, err := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
	if err != nil || len(fds) == 0 {
		t.Fatalf("read descriptors of process %d: %v", pid, err)
	}
	for _, fd := range fds {
		if target, err := os.Readlink(fd); err == nil {
			if inode, is := strings.CutPrefix(target, "socket:["); is {
				own[strings.TrimSuffix(inode, "]")] = true
			}
		}
	}
	const listening, unconnected = "0A", "07"
	for _, table := range []string{"tcp", "tcp6", "udp", "udp6", "raw", "raw6"} {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/net/%s", pid, table))
		if err != nil {
			continue // a kernel without IPv6
		}
		for line := range strings.Lines(string(text)) {
			f := strings.Fields(line)
			if len(f) < 10 || !own[f[9]] || f[3] != listening && f[3] != unconnected {
				continue
			}
			if address, _, _ := strings.Cut(f[1], ":"); !loopback(address) {
				reachable = append(reachable, table+" "+f[1])
			}
		}
	}
	return reachable
}

// loopback reports whether an address from /proc/net is a loopback address. The text consists
// of hexadecimal 32-bit words in host byte order.
func loopback(text string) bool {
	raw, err := hex.DecodeString(text)
	if err != nil {
		return false
	}
	for i := 0; i+4 <= len(raw); i += 4 {
		raw[i], raw[i+1], raw[i+2], raw[i+3] = raw[i+3], raw[i+2], raw[i+1], raw[i]
	}
	return net.IP(raw).IsLoopback()
}

// TestNetworkSockets checks that networkSockets finds a listener unless it is on loopback.
func TestNetworkSockets(t *testing.T) {
	any4, err := net.Listen("tcp4", "0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = any4.Close() }()
	near, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = near.Close() }()
	port := fmt.Sprintf(":%04X", any4.Addr().(*net.TCPAddr).Port)
	got := networkSockets(t, os.Getpid())
	if len(got) != 1 || !strings.HasSuffix(got[0], port) {
		t.Errorf("got %v, want only the listener on port %s", got, strconv.Quote(port))
	}
}

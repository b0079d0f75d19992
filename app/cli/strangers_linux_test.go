package cli_test

import (
	"bufio"
	"context"
	"encoding/hex"
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

	"vmterminal/app/ondisk"
	"vmterminal/vm/host"
)

// nobody is a user that has nothing to do with the store's.
const nobody = 65534

func init() { commands["stranger"] = strangerProgram }

// strangerProgram tries to open each path that it reads and says what it could
// do: "" is nothing.
func strangerProgram() {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		fmt.Println(strings.Join(liberties(lines.Text()), " "))
	}
}

func liberties(path string) (could []string) {
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

// world is a folder open to all users, with a store in it that one of them made
// with the umask 000.
type world struct {
	t    *testing.T
	base string
	home ondisk.Home

	mu      sync.Mutex
	ask     io.Writer
	answers *bufio.Scanner
	found   map[string]bool // by the last part of the path
}

func newWorld(t *testing.T) *world {
	if os.Geteuid() != 0 {
		t.Skip("only root can be somebody else")
	}
	base, err := os.MkdirTemp("", "vmt") // socket paths are short
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, base: base, home: ondisk.Home(filepath.Join(base, "store")), found: map[string]bool{}}
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

// startStranger starts a copy of this program, which every user can run, as
// somebody else.
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

// could is what the stranger can do with a path.
func (w *world) could(path string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, err := fmt.Fprintln(w.ask, path); err != nil || !w.answers.Scan() {
		w.t.Error("the stranger has gone")
		return ""
	}
	return w.answers.Text()
}

// look has the stranger try everything in the world but what is public.
func (w *world) look() {
	for _, root := range []string{string(w.home), w.public("user"), w.public("tmp"), w.public("out")} {
		_ = filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
			if err != nil || path == w.public("user") || path == w.public("tmp") || path == w.public("out") {
				return nil // gone meanwhile, or ours
			}
			w.mu.Lock()
			w.found[filepath.Base(path)] = true
			w.mu.Unlock()
			if could := w.could(path); could != "" {
				w.t.Errorf("another user can %s %s", could, strings.TrimPrefix(path, w.base))
			}
			return nil
		})
	}
}

// saw tells whether the stranger was at such files.
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
			w.t.Errorf("nobody tried %s", pattern)
		}
	}
}

// run runs a command of the program under the umask 000, while the stranger
// tries everything all the time.
func (w *world) run(args ...string) {
	w.t.Helper()
	cmd := exec.Command("sh", append([]string{"-c", `umask 000; exec vmterminal "$@"`, "sh"}, args...)...)
	cmd.Env = append(os.Environ(), ondisk.EnvHome+"="+string(w.home), "HOME="+w.public("user"), "TMPDIR="+w.public("tmp"))
	ctx, stop := context.WithCancel(w.t.Context())
	var looking sync.WaitGroup
	looking.Go(func() {
		for ctx.Err() == nil {
			w.look()
			select { // the command is to have most of the processor
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

// With the umask 000, in a folder open to all, another user can open no file,
// folder or socket of ours at any moment, and nothing listens for the network.
func TestOtherUsersOpenNothing(t *testing.T) {
	w := newWorld(t)
	w.run("vm", "create", "default", "--disk-size", "256", "--memory", "160", "--cpus", "1")
	if could := w.could(w.public("out")); could != "read" {
		t.Fatalf("the stranger is no proof: it can %q a public folder", could)
	}
	w.run("run", "--detach")
	w.run("exec", "--", "sh", "-c", "head -c 8000000 /dev/urandom >/root/x; sync")

	c, err := host.Connect(t.Context(), w.home.VM("default"), w.home.Run())
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

	w.run("snapshot", "create", "one")
	w.run("snapshot", "export", "one", filepath.Join(w.public("out"), "one.raw.gz"))
	w.run("snapshot", "import", filepath.Join(w.public("out"), "one.raw.gz"), "--name", "two")
	w.run("snapshot", "clone", "one", "other")
	w.run("stop", "--vm", "default", "--force")
	w.run("snapshot", "restore", "--vm", "default", "one")
	w.look()
	w.saw("one.raw.gz", "one.idx", "two.raw.gz", "disk.undo", "origin.json", "snapshots.json", "last.json", ".*"+ondisk.TempSuffix)
}

// networkSockets are the addresses, other than loopback's, at which a process
// can be reached from the network.
func networkSockets(t *testing.T, pid int) (reachable []string) {
	t.Helper()
	own := map[string]bool{}
	fds, err := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
	if err != nil || len(fds) == 0 {
		t.Fatalf("the descriptors of process %d: %v", pid, err)
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

// loopback reads an address as /proc/net has it: 32-bit words of the host's
// byte order in hexadecimal.
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

// The look at the network sees a listener of each kind.
func TestNetworkSocketsAreSeen(t *testing.T) {
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
		t.Errorf("got %v, want one at %s", got, strconv.Quote(port))
	}
}

package supervisor

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"vmterminal/snapshot/durable"
	"vmterminal/vm/home"
	"vmterminal/vm/qemu"
	"vmterminal/vm/supervisor/client"
)

// patientGrace is the time for a guest to power off, even on a busy machine.
const patientGrace = 5 * time.Minute

// envSpec is an environment variable with a Spec. It makes the test binary run as the
// supervisor for that Spec.
const envSpec = "VMTERMINAL_TEST_SPEC"

// envStateSocket is an environment variable with the path of a supervisor's socket. It
// makes the test binary print the VM's state.
const envStateSocket = "VMTERMINAL_TEST_ASKS"

// printState requests the VM's state and prints the response.
func printState(socket string) {
	conn, err := net.Dial("unix", socket)
	if err != nil {
		fmt.Println(err)
		return
	}
	_, _ = io.WriteString(conn, "GET /v1/state HTTP/1.1\r\nHost: vm\r\nConnection: close\r\n\r\n")
	_, _ = io.Copy(os.Stdout, conn)
}

func TestMain(m *testing.M) {
	if socket, ok := os.LookupEnv(envStateSocket); ok {
		printState(socket)
		os.Exit(0)
	}
	text, ok := os.LookupEnv(envSpec)
	if !ok {
		os.Exit(m.Run())
	}
	_ = os.Unsetenv(envSpec)
	report := ReportPipe()
	switch text {
	case "die":
		os.Exit(3)
	case "babble":
		fmt.Fprint(os.NewFile(3, "report"), "not a report")
		os.Exit(0)
	case "die before run":
		dieBeforeRun()
	}
	var spec Spec
	if err := json.Unmarshal([]byte(text), &spec); err != nil {
		report(err)
		os.Exit(1)
	}
	if os.Getenv(envHoldAt) != "" {
		spec.OpenLazy = func() (*LazyDisk, error) { return openTestLazyDisk(spec.Dir) }
	}
	if Run(context.Background(), spec, report, logTask) != nil {
		os.Exit(1)
	}
	os.Exit(0)
}

// logTask is a background task that logs its start and end.
func logTask(ctx context.Context, log io.Writer, _ *slog.Logger) {
	fmt.Fprintln(log, "task started")
	<-ctx.Done()
	fmt.Fprintln(log, "task ended")
}

// guestFiles returns the folder with the files of the built-in guest.
func guestFiles() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), "../../assets/guest/files")
}

var guestRoot = sync.OnceValues(func() ([]byte, error) {
	f, err := os.Open(filepath.Join(guestFiles(), "root.ext4.gz"))
	if err != nil {
		return nil, fmt.Errorf("the built-in guest is not built, run assets/guest/build.sh: %w", err)
	}
	defer f.Close()
	zr, err := gzip.NewReader(f)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(zr)
})

// testVM is a VM with an empty disk, or with the built-in guest (newGuest). It is stopped
// at the end of the test.
type testVM struct {
	t    *testing.T
	spec Spec
	// holdAt, if set, makes the disk lazy; see envHoldAt.
	holdAt string
	// launchCtx is the context for launch, by default the test's.
	launchCtx context.Context
}

func newGuest(t *testing.T) *testVM {
	t.Helper()
	root, err := guestRoot()
	if err != nil {
		t.Fatal(err)
	}
	v := newVM(t)
	writeSparse(t, v.spec.Dir.Disk(), root)
	return v
}

func newVM(t *testing.T) *testVM {
	t.Helper()
	root, err := os.MkdirTemp("", "vmt") // t.TempDir is too long for sockets
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(root) })
	store := home.Dir(root)
	dir := store.VM("dev")
	if err := durable.MakeDir(string(dir)); err != nil {
		t.Fatal(err)
	}
	writeSparse(t, dir.Disk(), make([]byte, 1<<20))
	v := &testVM{t: t, spec: Spec{
		Name: "dev", Dir: dir, RunDir: store.Run(), CPUs: 1, MemoryMB: 128,
		Kernel: filepath.Join(guestFiles(), "vmlinuz"),
		Append: "console=" + qemu.ConsoleDevice() + " root=/dev/vda rw rootfstype=ext4 init=/sbin/init no_timer_check quiet",
		MAC:    "52:54:00:12:34:56", Accel: qemu.TCG, AcceleratorsFile: store.Accelerators(),
	}}
	t.Cleanup(v.cleanUp)
	return v
}

func writeSparse(t *testing.T, path string, data []byte) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE, durable.FileMode)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := f.Truncate(int64(len(data))); err != nil {
		t.Fatal(err)
	}
	const block = 64 << 10
	zero := make([]byte, block)
	for off := 0; off < len(data); off += block {
		b := data[off:min(off+block, len(data))]
		if !bytes.Equal(b, zero[:len(b)]) {
			if _, err := f.WriteAt(b, int64(off)); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// cleanUp stops the VM if it is still running, and logs its output if the test failed.
func (v *testVM) cleanUp() {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	err := StopOrphan(ctx, v.spec.Dir, true, 0) // also kills a supervisor
	if err != nil && !errors.Is(err, client.ErrNotRunning) {
		v.t.Errorf("stop the VM: %v", err)
	}
	if v.t.Failed() {
		log, _ := os.ReadFile(v.spec.Dir.SupervisorLog())
		text, _ := client.LastConsole(v.spec.Dir, 4000)
		v.t.Logf("host.log: %s\nconsole: %q", log, text)
	}
}

func (v *testVM) launch() error {
	v.t.Helper()
	text, err := json.Marshal(v.spec)
	if err != nil {
		v.t.Fatal(err)
	}
	exe, err := os.Executable()
	if err != nil {
		v.t.Fatal(err)
	}
	ctx := v.launchCtx
	if ctx == nil {
		ctx = v.t.Context()
	}
	return Launch(ctx, exe, []string{"-test.run=^$"}, []string{envSpec + "=" + string(text), envHoldAt + "=" + v.holdAt})
}

// start launches the VM and connects to it.
func (v *testVM) start() *client.Client {
	v.t.Helper()
	if err := v.launch(); err != nil {
		v.t.Fatalf("launch: %v", err)
	}
	return v.connect()
}

// connect connects to the running VM.
func (v *testVM) connect() *client.Client {
	v.t.Helper()
	ctx, cancel := context.WithTimeout(v.t.Context(), 2*time.Minute)
	defer cancel()
	c, err := client.Connect(ctx, v.spec.Dir, v.spec.RunDir, nil)
	for errors.Is(err, client.ErrNotAnswering) && ctx.Err() == nil { // guests boot in parallel on a busy machine
		c, err = client.Connect(ctx, v.spec.Dir, v.spec.RunDir, nil)
	}
	if err != nil {
		v.t.Fatalf("connect: %v", err)
	}
	v.t.Cleanup(func() { _ = c.Close() })
	return c
}

func (v *testVM) state(c *client.Client) client.State {
	v.t.Helper()
	s, err := c.State(v.t.Context())
	if err != nil {
		v.t.Fatalf("state: %v", err)
	}
	return s
}

func (v *testVM) kill(pid int, sig syscall.Signal) {
	v.t.Helper()
	if err := syscall.Kill(pid, sig); err != nil {
		v.t.Fatal(err)
	}
	if sig == syscall.SIGSTOP {
		waitFor(v.t, fmt.Sprintf("process %d is stopped", pid), func() bool { return isStopped(v.t, pid) })
	}
}

// waitFor polls until is returns true, for at most two minutes.
func waitFor(t *testing.T, what string, is func() bool) {
	t.Helper()
	poll := time.NewTicker(time.Millisecond)
	defer poll.Stop()
	for deadline := time.After(2 * time.Minute); !is(); {
		select {
		case <-poll.C:
		case <-deadline:
			t.Fatalf("timed out waiting until %s", what)
		}
	}
}

// receive waits for the next value, for at most two minutes.
func receive[T any](t *testing.T, values <-chan T, what string) T {
	t.Helper()
	select {
	case v := <-values:
		return v
	case <-time.After(2 * time.Minute):
		t.Fatalf("timed out waiting until %s", what)
		panic("unreachable")
	}
}

// isStopped reports whether all threads of a process have stopped. SIGSTOP may take effect
// only after kill has returned.
func isStopped(t *testing.T, pid int) bool {
	t.Helper()
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
	if err != nil || len(threads) == 0 {
		t.Fatalf("process %d has no threads: got error %v", pid, err)
	}
	for _, path := range threads {
		stat, err := os.ReadFile(path)
		if err == nil && !bytes.Contains(stat[bytes.LastIndexByte(stat, ')'):], []byte(") T ")) {
			return false
		}
	}
	return true
}

// waitForExit waits until the VM exits and returns the record of the run.
func (v *testVM) waitForExit(events <-chan client.Event) client.Last {
	v.t.Helper()
	deadline := time.After(5 * time.Minute)
	for runs := true; runs; {
		select {
		case _, runs = <-events:
		case <-deadline:
			v.t.Fatal("timed out waiting until the VM exits")
		}
	}
	waitFor(v.t, "the VM's lock is free", func() bool {
		held, _ := durable.IsLocked(v.spec.Dir.Lock())
		return !held
	})
	last, err := client.ReadLast(v.spec.Dir)
	if err != nil {
		v.t.Fatal(err)
	}
	return last
}

// checkNoLeftovers checks that the files of a run were removed.
func (v *testVM) checkNoLeftovers() {
	v.t.Helper()
	for _, path := range []string{
		v.spec.Dir.Supervisor(), v.spec.Dir.Fleece(), filepath.Join(v.spec.RunDir, client.SocketName(v.spec.Dir)),
	} {
		if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
			v.t.Errorf("%s still exists (%v)", path, err)
		}
	}
}

// terminal is a client attached to a console.
type terminal struct {
	t    *testing.T
	rw   io.ReadWriteCloser
	text strings.Builder
}

func (v *testVM) attach(c *client.Client) *terminal {
	v.t.Helper()
	rw, err := c.Console(v.t.Context(), client.ConsoleRequest{Replay: -1})
	if err != nil {
		v.t.Fatalf("attach: %v", err)
	}
	v.t.Cleanup(func() { rw.Close() })
	return &terminal{t: v.t, rw: rw}
}

// closeLater closes the terminal after some minutes, unless the test ends or stop is called
// before. It makes pending reads fail.
func (x *terminal) closeLater() (stop func()) {
	timer := time.AfterFunc(5*time.Minute, func() { x.rw.Close() })
	return func() { timer.Stop() }
}

// expect reads until the output contains want.
func (x *terminal) expect(want string) {
	x.t.Helper()
	defer x.closeLater()()
	buf := make([]byte, 4096)
	for !strings.Contains(x.text.String(), want) {
		n, err := x.rw.Read(buf)
		x.text.Write(buf[:n])
		if err != nil {
			x.t.Fatalf("the console was closed (%v) before it printed %q; output: %q", err, want, x.text.String())
		}
	}
}

func (x *terminal) send(line string) {
	x.t.Helper()
	if _, err := io.WriteString(x.rw, line+"\n"); err != nil {
		x.t.Fatal(err)
	}
}

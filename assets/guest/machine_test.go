package guest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"vmterminal/assets/guest"
	"vmterminal/vm/agent"
)

// bootLimit allows for a busy machine; booting normally takes less than ten seconds.
const bootLimit = 10 * time.Minute

// A machine is a QEMU process that runs the built-in guest with TCG.
type machine struct {
	t       *testing.T
	cmd     *exec.Cmd
	started time.Time
	exited  chan struct{}
	console *console
	qmp     net.Conn
	port    string
	agent   *agent.Client
}

// newDisk creates a new disk of 10 GiB.
func newDisk(t *testing.T) string {
	t.Helper()
	if !guest.IsPresent() {
		t.Fatal("the guest is not built: run assets/guest/build.sh")
	}
	f, err := os.Create(filepath.Join(t.TempDir(), "disk.raw"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	began := time.Now()
	if err := guest.WriteDisk(t.Context(), f, diskSize); err != nil {
		t.Fatal(err)
	}
	t.Logf("disk written in %v", time.Since(began).Round(time.Millisecond))
	return f.Name()
}

// start boots a disk in the VM with the given ID.
func start(t *testing.T, disk, id string) *machine {
	t.Helper()
	return startBlock(t, map[string]any{
		"driver": "raw", "node-name": "disk0", "discard": "unmap", "detect-zeroes": "unmap",
		"file": map[string]any{"driver": "file", "filename": disk, "discard": "unmap"},
	}, id)
}

// startBlock is like start, for any QEMU block device with the node name disk0.
func startBlock(t *testing.T, device map[string]any, id string) *machine {
	t.Helper()
	kernel, err := guest.KernelFile(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	// The path of t.TempDir may be too long for sockets.
	dir, err := os.MkdirTemp("", "vmt")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	block, err := json.Marshal(device)
	if err != nil {
		t.Fatal(err)
	}
	socket := func(name string) string {
		return fmt.Sprintf("socket,id=%s,path=%s,server=on,wait=off", name, filepath.Join(dir, name))
	}
	m := &machine{t: t, exited: make(chan struct{}), started: time.Now()}
	m.cmd = exec.Command("qemu-system-x86_64",
		"-nodefaults", "-no-user-config", "-no-reboot", "-display", "none", "-accel", "tcg",
		"-machine", "pc,hpet=off,i8042=off", "-m", "128",
		"-kernel", kernel, "-append", guest.CommandLine("tester", id),
		"-blockdev", string(block), "-device", "virtio-blk-pci,drive=disk0,id=vd0",
		"-device", "virtio-rng-pci", "-netdev", "user,id=net0", "-device", "virtio-net-pci,netdev=net0",
		"-chardev", socket("console"), "-serial", "chardev:console",
		"-device", "virtio-serial-pci", "-chardev", socket("agent"),
		"-device", "virtserialport,chardev=agent,name=org.vmterminal.agent",
		"-chardev", socket("qmp"), "-mon", "chardev=qmp,mode=control")
	m.cmd.Stderr = os.Stderr
	if err := m.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = m.cmd.Wait()
		close(m.exited)
	}()
	t.Cleanup(func() {
		_ = m.cmd.Process.Kill()
		<-m.exited
	})
	m.console = newConsole(m.dial(filepath.Join(dir, "console")))
	m.qmp = m.dial(filepath.Join(dir, "qmp"))
	m.port = filepath.Join(dir, "agent")
	return m
}

// connect creates a client for the agent; the port supports one at a time.
func (m *machine) connect() {
	m.t.Helper()
	m.agent = agent.NewClient(m.dial(m.port), nil)
	m.t.Cleanup(func() { _ = m.agent.Close() })
}

// dial connects to a socket, retrying until QEMU listens.
func (m *machine) dial(path string) net.Conn {
	m.t.Helper()
	for {
		conn, err := net.Dial("unix", path)
		if err == nil {
			m.t.Cleanup(func() { conn.Close() })
			return conn
		}
		select {
		case <-m.exited:
			m.t.Fatal("QEMU has exited")
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// prompt waits for the prompt of the shell.
func (m *machine) prompt() {
	m.t.Helper()
	m.console.wait(m.t, "root@tester")
	m.t.Logf("shell ready %v after the start", time.Since(m.started).Round(10*time.Millisecond))
}

// run runs a shell command through the agent and returns its output.
func (m *machine) run(script string) string {
	m.t.Helper()
	var out bytes.Buffer
	ctx, cancel := context.WithTimeout(m.t.Context(), bootLimit)
	defer cancel()
	exit, err := m.agent.Run(ctx, agent.Command{Args: []string{"sh", "-c", script}, Stdout: &out, Stderr: &out})
	if err != nil || exit != 0 {
		m.t.Fatalf("%s: exit code %d, %v\n%s", script, exit, err, out.String())
	}
	return out.String()
}

// powerButton presses the power button through QMP.
func (m *machine) powerButton() {
	m.t.Helper()
	_, err := m.qmp.Write([]byte(`{"execute":"qmp_capabilities"}{"execute":"system_powerdown"}`))
	if err != nil {
		m.t.Fatal(err)
	}
}

// waitOff waits until QEMU has exited and checks the disk.
func (m *machine) waitOff(disk string) {
	m.t.Helper()
	began := time.Now()
	select {
	case <-m.exited:
	case <-time.After(bootLimit):
		m.t.Fatalf("the guest does not power off; console:\n%s", m.console)
	}
	m.t.Logf("off in %v", time.Since(began).Round(10*time.Millisecond))
	checkDisk(m.t, disk)
}

// checkDisk checks that the file system is clean and the disk sparse.
func checkDisk(t *testing.T, disk string) {
	t.Helper()
	out, err := exec.Command("/sbin/e2fsck", "-fn", disk).CombinedOutput()
	if err != nil || strings.Contains(string(out), "recovering journal") {
		t.Errorf("the file system is not clean: %v\n%s", err, out)
	}
	info, err := os.Stat(disk)
	if err != nil {
		t.Fatal(err)
	}
	allocated := info.Sys().(*syscall.Stat_t).Blocks * 512
	t.Logf("%d MB of %d MB allocated", allocated>>20, info.Size()>>20)
	if allocated > 100<<20 {
		t.Errorf("got %d bytes allocated for an almost empty disk, want at most %d", allocated, 100<<20)
	}
}

// A console stores the output of the guest's serial terminal.
type console struct {
	conn net.Conn
	mu   sync.Mutex
	text bytes.Buffer
	more *sync.Cond
	end  bool
}

func newConsole(conn net.Conn) *console {
	c := &console{conn: conn}
	c.more = sync.NewCond(&c.mu)
	go func() {
		buf := make([]byte, 4096)
		for {
			n, err := conn.Read(buf)
			c.mu.Lock()
			c.text.Write(buf[:n])
			c.end = err != nil
			c.more.Broadcast()
			c.mu.Unlock()
			if err != nil {
				return
			}
		}
	}()
	return c
}

func (c *console) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.text.String()
}

// wait waits for text and discards the output up to and including it.
func (c *console) wait(t *testing.T, text string) {
	t.Helper()
	late := false
	timer := time.AfterFunc(bootLimit, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		late = true
		c.more.Broadcast()
	})
	defer timer.Stop()
	c.mu.Lock()
	defer c.mu.Unlock()
	for {
		if at := bytes.Index(c.text.Bytes(), []byte(text)); at >= 0 {
			c.text.Next(at + len(text))
			return
		}
		if late || c.end {
			t.Fatalf("no %q on the console:\n%s", text, c.text.String())
		}
		c.more.Wait()
	}
}

func (c *console) typeLine(t *testing.T, line string) {
	t.Helper()
	if _, err := c.conn.Write([]byte(line + "\n")); err != nil {
		t.Fatal(err)
	}
}

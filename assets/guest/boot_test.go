package guest_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"vmterminal/vm/agent"
)

const diskSize = 10 << 30

// TestGuest boots the built-in guest from one disk, again and again; everything
// that only a real guest can prove is in these lives.
func TestGuest(t *testing.T) {
	disk := newDisk(t)
	var self string
	t.Run("first life", func(t *testing.T) { self = firstLife(t, disk) })
	t.Run("second life", func(t *testing.T) { secondLife(t, disk, self) })
	t.Run("third life", func(t *testing.T) { thirdLife(t, disk, self) })
}

// firstLife returns what showSelf said in it.
func firstLife(t *testing.T, disk string) string {
	m := start(t, disk, "one")
	m.connect()
	m.prompt()
	ctx, cancel := context.WithTimeout(t.Context(), bootLimit)
	defer cancel()
	info, err := m.agent.Hello(ctx)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("agent %v after the start: %+v", time.Since(m.started).Round(10*time.Millisecond), info)
	if info.Hostname != "tester" || info.Kernel == "" {
		t.Errorf("info is %+v", info)
	}
	if info.DiskTotal < diskSize*9/10 {
		t.Errorf("the file system has %d bytes: it did not grow", info.DiskTotal)
	}
	checkConsole(t, m)
	checkCommands(t, m)
	checkFreeze(t, m)
	checkAddress(t, m)
	m.run("echo kept >/root/note; dd if=/dev/urandom of=/root/junk bs=1M count=20 2>/dev/null; sync; rm /root/junk")
	if err := m.agent.Trim(ctx); err != nil {
		t.Error(err)
	}
	self := m.run(showSelf)
	t.Logf("it is\n%s", self)
	did, err := m.agent.Identify(ctx, agent.Identity{ID: "one", Hostname: "tester"})
	if err != nil || did.Found != agent.First || !slices.Equal(did.Renewed, []string{"machine-id"}) {
		t.Errorf("on its own it had become %+v, %v", did, err)
	}
	m.run("sync; mount -o remount,ro /")
	if did, err := m.agent.Identify(ctx, agent.Identity{ID: "other", Hostname: "other"}); err == nil || !strings.Contains(err.Error(), "read-only") {
		t.Errorf("on a read-only disk it became %+v, %v", did, err)
	}
	m.run("mount -o remount,rw /")
	if err := m.agent.PowerOff(ctx); err != nil {
		t.Error(err)
	}
	m.waitOff(disk)
	return self
}

// showSelf says who the guest is, and when that was last written.
const showSelf = `cd /etc && cat machine-id /var/lib/vmterminal/id && [ ! -e hostname ] && stat -c '%i %Z %n' machine-id /var/lib/vmterminal/id`

func secondLife(t *testing.T, disk, self string) {
	m := start(t, disk, "one")
	m.prompt()
	checkVanishedHosts(t, m)
	m.connect()
	if got := m.run("cat /root/note"); got != "kept\n" {
		t.Errorf("the note is %q", got)
	}
	if got := m.run(showSelf); got != self {
		t.Errorf("it is\n%swas\n%s", got, self)
	}
	// An agent that dies is started anew, and its client finds the new one.
	ctx, cancel := context.WithTimeout(t.Context(), bootLimit)
	defer cancel()
	if _, err := m.agent.Run(ctx, agent.Command{Args: []string{"sh", "-c", "kill -9 $PPID"}}); !errors.Is(err, agent.ErrRestarted) {
		t.Errorf("killing the agent: %v", err)
	}
	m.run("true")
	m.powerButton()
	m.waitOff(disk)
}

// thirdLife is in another VM, and holds that the guest is another before its
// agent is asked; and that a reboot leaves the disk in order and resets the
// machine; QEMU is started so that it leaves at a reset.
func thirdLife(t *testing.T, disk, self string) {
	m := start(t, disk, "two")
	m.prompt()
	m.connect()
	id, _, _ := strings.Cut(self, "\n")
	got := m.run("cat /etc/machine-id /var/lib/vmterminal/id")
	if strings.Contains(got, id) || !strings.HasSuffix(got, "\ntwo tester\n") || len(got) != 32+len("\ntwo tester\n") {
		t.Errorf("in another VM it is\n%swas\n%s", got, self)
	}
	m.console.typeLine(t, "reboot")
	m.console.wait(t, "Restarting system")
	m.waitOff(disk)
}

// checkConsole holds that the shell is a real one, of the size that was set,
// also after it has been left.
func checkConsole(t *testing.T, m *machine) {
	if err := m.agent.Resize(t.Context(), 113, 37); err != nil {
		t.Fatal(err)
	}
	m.console.typeLine(t, "stty size")
	m.console.wait(t, "37 113")
	m.console.wait(t, "root@tester")
	m.console.typeLine(t, "exit")
	m.console.wait(t, "root@tester")
	m.console.typeLine(t, "stty size; echo $TERM")
	m.console.wait(t, "37 113")
	m.console.wait(t, "xterm-256color")
	m.console.typeLine(t, "trap 'echo inter''rupted' INT; sleep 1000; echo sta''tus $?")
	m.console.wait(t, "sleep 1000")
	m.run("until pidof sleep; do usleep 20000; done")
	m.console.typeLine(t, "\x03")
	m.console.wait(t, "^C")
	m.run("while pidof sleep; do usleep 20000; done")
}

func checkCommands(t *testing.T, m *machine) {
	var out, errs bytes.Buffer
	began := time.Now()
	exit, err := m.agent.Run(t.Context(), agent.Command{
		Args:   []string{"sh", "-c", `cat; echo "$WORD" >&2; pwd; exit 42`},
		Env:    []string{"WORD=hush"},
		Dir:    "/etc",
		Stdin:  strings.NewReader("from the host\n"),
		Stdout: &out, Stderr: &errs,
	})
	t.Logf("a command took %v", time.Since(began).Round(time.Millisecond))
	if err != nil || exit != 42 || out.String() != "from the host\n/etc\n" || errs.String() != "hush\n" {
		t.Errorf("exit code %d, %v, output %q, errors %q", exit, err, out.String(), errs.String())
	}

	if exit, err := m.agent.Run(t.Context(), agent.Command{Args: []string{"sh", "-c", "kill -9 $$"}}); exit != 128+9 || err != nil {
		t.Errorf("a killed command: exit code %d, %v", exit, err)
	}
	if _, err := m.agent.Run(t.Context(), agent.Command{Args: []string{"nosuch"}}); !errors.Is(err, agent.ErrNotFound) {
		t.Errorf("an unknown command: %v", err)
	}

	// What a background child holds open is not waited for.
	if got := m.run("sleep 999 & echo done"); got != "done\n" {
		t.Errorf("output %q", got)
	}

	began = time.Now()
	const flood = 8 << 20
	count := &counter{}
	exit, err = m.agent.Run(t.Context(), agent.Command{
		Args:  []string{"sh", "-c", "head -c 8388608 /dev/zero; cat >/dev/null"},
		Stdin: io.LimitReader(zeros{}, flood), Stdout: count,
	})
	if err != nil || exit != 0 || count.n != flood {
		t.Errorf("a flood: exit code %d, %v, %d bytes", exit, err, count.n)
	}
	t.Logf("8 MB out and in took %v", time.Since(began).Round(time.Millisecond))

	ctx, cancel := context.WithCancel(t.Context())
	first := &onFirst{do: cancel}
	if _, err := m.agent.Run(ctx, agent.Command{Args: []string{"sh", "-c", "trap '' TERM; yes & wait; sleep 998"}, Stdout: first}); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled command: %v", err)
	}
	m.run("while pidof yes; do usleep 50000; done")
}

func checkFreeze(t *testing.T, m *machine) {
	ctx := t.Context()
	began := time.Now()
	if err := m.agent.Freeze(ctx); err != nil {
		t.Fatal(err)
	}
	frozen := time.Since(began)
	m.console.typeLine(t, "echo >/root/written; sync; echo wro''te")
	if _, err := m.agent.Run(ctx, agent.Command{Args: []string{"true"}}); !errors.Is(err, agent.ErrWrongState) {
		t.Errorf("a command while frozen: %v", err)
	}
	if err := m.agent.Freeze(ctx); !errors.Is(err, agent.ErrWrongState) {
		t.Errorf("freezing twice: %v", err)
	}
	if _, err := m.agent.Info(ctx); err != nil {
		t.Errorf("info while frozen: %v", err)
	}
	began = time.Now()
	if err := m.agent.Thaw(ctx); err != nil {
		t.Fatal(err)
	}
	t.Logf("froze in %v, thawed in %v", frozen, time.Since(began))
	m.console.wait(t, "wrote")
	if err := m.agent.Thaw(ctx); !errors.Is(err, agent.ErrWrongState) {
		t.Errorf("thawing twice: %v", err)
	}
	m.run("sync; rm /root/written; sync")
}

func checkAddress(t *testing.T, m *machine) {
	m.run("until [ -s /run/resolv.conf ]; do usleep 50000; done")
	info, err := m.agent.Info(t.Context())
	if err != nil || len(info.Addresses) == 0 || info.Addresses[0].String() != "10.0.2.15" {
		t.Errorf("addresses %v, %v", info.Addresses, err)
	}
	m.run("ip route | grep -q '^default via 10.0.2.2'; grep -q nameserver /etc/resolv.conf")
}

type counter struct{ n int64 }

func (c *counter) Write(p []byte) (int, error) {
	c.n += int64(len(p))
	return len(p), nil
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// onFirst calls do at the first Write.
type onFirst struct{ do func() }

func (w *onFirst) Write(p []byte) (int, error) {
	w.do()
	return len(p), nil
}

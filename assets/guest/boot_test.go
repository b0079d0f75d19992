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

// TestGuest boots the built-in guest three times from the same disk.
func TestGuest(t *testing.T) {
	disk := newDisk(t)
	var identity string
	t.Run("first boot", func(t *testing.T) { identity = checkFirstBoot(t, disk) })
	t.Run("second boot", func(t *testing.T) { checkSecondBoot(t, disk, identity) })
	t.Run("boot in another VM", func(t *testing.T) { checkBootInOtherVM(t, disk, identity) })
}

// checkFirstBoot boots a new disk, tests the guest, and returns the output of showIdentity.
func checkFirstBoot(t *testing.T, disk string) string {
	m := start(t, disk, "one")
	m.connect()
	m.prompt()
	ctx, cancel := context.WithTimeout(t.Context(), bootLimit)
	defer cancel()
	info, err := m.agent.Hello(ctx)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("agent answered %v after the start: %+v", time.Since(m.started).Round(10*time.Millisecond), info)
	if info.Hostname != "tester" || info.Kernel == "" {
		t.Errorf("info: got %+v, want hostname tester and a kernel version", info)
	}
	if info.DiskTotal < diskSize*9/10 {
		t.Errorf("got a file system of %d bytes, want at least %d", info.DiskTotal, int64(diskSize*9/10))
	}
	checkConsole(t, m)
	checkCommands(t, m)
	checkFreeze(t, m)
	checkAddress(t, m)
	m.run("echo kept >/root/note; dd if=/dev/urandom of=/root/junk bs=1M count=20 2>/dev/null; sync; rm /root/junk")
	if err := m.agent.Trim(ctx); err != nil {
		t.Error(err)
	}
	identity := m.run(showIdentity)
	t.Logf("identity:\n%s", identity)
	did, err := m.agent.Identify(ctx, agent.Identity{ID: "one", Hostname: "tester"})
	if err != nil || did.Change != agent.IdentityFirst || !slices.Equal(did.Renewed, []string{"machine-id"}) {
		t.Errorf("identity set at boot: got %+v, %v; want the first one", did, err)
	}
	m.run("sync; mount -o remount,ro /")
	if did, err := m.agent.Identify(ctx, agent.Identity{ID: "other", Hostname: "other"}); err == nil || !strings.Contains(err.Error(), "read-only") {
		t.Errorf("identity on a read-only disk: got %+v, %v, want an error", did, err)
	}
	m.run("mount -o remount,rw /")
	if err := m.agent.PowerOff(ctx); err != nil {
		t.Error(err)
	}
	m.waitOff(disk)
	return identity
}

// showIdentity prints the guest's identity and when it was last written.
const showIdentity = `cd /etc && cat machine-id /var/lib/vmterminal/id && [ ! -e hostname ] && stat -c '%i %Z %n' machine-id /var/lib/vmterminal/id`

func checkSecondBoot(t *testing.T, disk, identity string) {
	m := start(t, disk, "one")
	m.prompt()
	checkVanishedHosts(t, m)
	m.connect()
	if got := m.run("cat /root/note"); got != "kept\n" {
		t.Errorf("note from the first boot: got %q, want %q", got, "kept\n")
	}
	if got := m.run(showIdentity); got != identity {
		t.Errorf("got identity\n%s, want\n%s", got, identity)
	}
	// An agent that dies is restarted, and its client connects to the new one.
	ctx, cancel := context.WithTimeout(t.Context(), bootLimit)
	defer cancel()
	if _, err := m.agent.Run(ctx, agent.Command{Args: []string{"sh", "-c", "kill -9 $PPID"}}); !errors.Is(err, agent.ErrRestarted) {
		t.Errorf("killing the agent: got %v, want ErrRestarted", err)
	}
	m.run("true")
	m.powerButton()
	m.waitOff(disk)
}

// checkBootInOtherVM checks that the guest renews its identity at boot without a request to its
// agent. It also checks that a reboot leaves the disk clean and makes QEMU exit.
func checkBootInOtherVM(t *testing.T, disk, identity string) {
	m := start(t, disk, "two")
	m.prompt()
	m.connect()
	id, _, _ := strings.Cut(identity, "\n")
	got := m.run("cat /etc/machine-id /var/lib/vmterminal/id")
	if strings.Contains(got, id) || !strings.HasSuffix(got, "\ntwo tester\n") || len(got) != 32+len("\ntwo tester\n") {
		t.Errorf("identity in another VM: got\n%s, want a new one, not\n%s", got, identity)
	}
	m.console.typeLine(t, "reboot")
	m.console.wait(t, "Restarting system")
	m.waitOff(disk)
}

// checkConsole checks that the shell has job control and the right size, even after a restart
// of the shell.
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
		t.Errorf("got exit code %d, error %v, output %q, standard error %q; want 42, nil, the input and the folder, hush", exit, err, out.String(), errs.String())
	}

	if exit, err := m.agent.Run(t.Context(), agent.Command{Args: []string{"sh", "-c", "kill -9 $$"}}); exit != 128+9 || err != nil {
		t.Errorf("a killed command: got exit code %d, %v; want 137, nil", exit, err)
	}
	if _, err := m.agent.Run(t.Context(), agent.Command{Args: []string{"nosuch"}}); !errors.Is(err, agent.ErrNotFound) {
		t.Errorf("an unknown command: got %v, want ErrNotFound", err)
	}

	// A background child that keeps its output open does not delay the result.
	if got := m.run("sleep 999 & echo done"); got != "done\n" {
		t.Errorf("with a background child: got output %q, want done", got)
	}

	began = time.Now()
	const flood = 8 << 20
	count := &counter{}
	exit, err = m.agent.Run(t.Context(), agent.Command{
		Args:  []string{"sh", "-c", "head -c 8388608 /dev/zero; cat >/dev/null"},
		Stdin: io.LimitReader(zeros{}, flood), Stdout: count,
	})
	if err != nil || exit != 0 || count.n != flood {
		t.Errorf("a flood: got exit code %d, %v, %d bytes; want 0, nil, 8 MiB", exit, err, count.n)
	}
	t.Logf("8 MB out and in took %v", time.Since(began).Round(time.Millisecond))

	ctx, cancel := context.WithCancel(t.Context())
	first := &onFirst{do: cancel}
	if _, err := m.agent.Run(ctx, agent.Command{Args: []string{"sh", "-c", "trap '' TERM; yes & wait; sleep 998"}, Stdout: first}); !errors.Is(err, context.Canceled) {
		t.Errorf("a canceled command: got %v, want %v", err, context.Canceled)
	}
	m.run("while pidof yes; do usleep 50000; done")
}

// checkFreeze freezes and thaws the guest. It tries again if this machine is so busy that the
// guest has thawed by itself before.
func checkFreeze(t *testing.T, m *machine) {
	for deadline := time.Now().Add(bootLimit); !freezeAndThaw(t, m); {
		if time.Now().After(deadline) {
			t.Fatalf("the guest always thaws by itself before %v have passed", agent.MaxFreezeTime)
		}
	}
	m.run("sync; rm /root/written; sync")
}

// freezeAndThaw returns false, without a check, if it took so long that the guest may have
// thawed by itself.
func freezeAndThaw(t *testing.T, m *machine) bool {
	ctx := t.Context()
	began := time.Now()
	freezeErr := m.agent.Freeze(ctx)
	frozen := time.Since(began)
	m.console.typeLine(t, "echo >/root/written; sync; echo wro''te")
	ran := make(chan error, 1)
	go func() { // it waits for the thaw
		_, err := m.agent.Run(ctx, agent.Command{Args: []string{"true"}})
		ran <- err
	}()
	againErr := m.agent.Freeze(ctx)
	_, infoErr := m.agent.Info(ctx)
	thawErr := m.agent.Thaw(ctx)
	took := time.Since(began)
	t.Logf("froze in %v, thawed after %v", frozen, took)
	m.console.wait(t, "wrote")
	select {
	case err := <-ran:
		if err != nil {
			t.Errorf("a command that began while frozen: got error %v, want no error", err)
		}
	case <-time.After(bootLimit):
		t.Fatal("a command that began while frozen does not end")
	}
	if took >= agent.MaxFreezeTime {
		return false
	}
	if freezeErr != nil || thawErr != nil {
		t.Fatalf("got errors %v while freezing, %v while thawing; want none", freezeErr, thawErr)
	}
	if !errors.Is(againErr, agent.ErrWrongState) {
		t.Errorf("freezing twice: got %v, want %v", againErr, agent.ErrWrongState)
	}
	if infoErr != nil {
		t.Errorf("info while frozen: got error %v, want no error", infoErr)
	}
	if err := m.agent.Thaw(ctx); !errors.Is(err, agent.ErrWrongState) {
		t.Errorf("thawing twice: got %v, want %v", err, agent.ErrWrongState)
	}
	return true
}

func checkAddress(t *testing.T, m *machine) {
	m.run("until [ -s /run/resolv.conf ]; do usleep 50000; done")
	info, err := m.agent.Info(t.Context())
	if err != nil || len(info.Addresses) == 0 || info.Addresses[0].String() != "10.0.2.15" {
		t.Errorf("addresses: got %v, %v; want 10.0.2.15", info.Addresses, err)
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

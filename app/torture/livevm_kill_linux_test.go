package torture

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"vmterminal/snapshot/durable"
)

// A moment is an activity during which a process is killed.
type moment struct {
	name    string
	running bool     // the VM is running
	command []string // the command in progress, or nil
	// duration is the duration of the activity.
	duration func(*liveVM) time.Duration
	victims  []string
	// prepare, if not nil, prepares the guest.
	prepare func(*liveVM)
	slow    bool // too slow for make test
}

var moments = []moment{
	{
		name: "boot", command: []string{"run", "--detach"}, duration: func(l *liveVM) time.Duration { return l.boot },
		victims: []string{victimCommand, victimSupervisor, victimQEMU},
	},
	{name: "an idle prompt", running: true, duration: idleDuration, victims: []string{victimSupervisor, victimQEMU}},
	{name: "a flood", running: true, duration: idleDuration, victims: []string{victimSupervisor, victimQEMU}, prepare: (*liveVM).flood},
	{
		name: "a snapshot", running: true, command: []string{"snapshot", "create", "struck"},
		duration: func(l *liveVM) time.Duration { return l.snapshot },
		victims:  []string{victimCommand, victimSupervisor, victimQEMU, victimBoth}, prepare: (*liveVM).writeConstantly,
	},
	{
		name: "a lazy restore", command: []string{"snapshot", "restore", "source", "--start"},
		duration: func(l *liveVM) time.Duration { return 2 * l.boot }, // until the disk is filled in
		victims:  []string{victimCommand, victimSupervisor, victimQEMU}, prepare: (*liveVM).takeSource,
	},
	{
		name: "an automatic snapshot", running: true, duration: func(l *liveVM) time.Duration { return l.snapshot },
		victims: []string{victimSupervisor, victimQEMU}, prepare: (*liveVM).waitForAutomatic, slow: true,
	},
	{
		name: "stop", running: true, command: []string{"stop"}, duration: func(l *liveVM) time.Duration { return l.stop },
		victims: []string{victimCommand, victimSupervisor, victimQEMU},
	},
}

func idleDuration(*liveVM) time.Duration { return 200 * time.Millisecond }

// flood makes the guest write to its console faster than any client reads.
func (l *liveVM) flood() {
	l.t.Helper()
	c, err := l.svc.Console(l.t.Context(), "")
	if err != nil {
		l.t.Fatal(err)
	}
	defer c.Close()
	if _, err := fmt.Fprint(c, "\nyes flooded-$((6*7))\n"); err != nil {
		l.t.Fatal(err)
	}
	var n int
	for buf := make([]byte, 64<<10); n < 1<<20; { // more than the scrollback
		got, err := c.Read(buf)
		if n += got; err != nil {
			l.t.Fatal(err)
		}
	}
}

// writeConstantly makes the guest write to its disk continuously.
func (l *liveVM) writeConstantly() {
	l.t.Helper()
	l.guest("killall dd; (while :; do dd if=/dev/urandom of=/root/busy bs=64k count=64 conv=notrunc,fsync; done) >/dev/null 2>&1 </dev/null &")
}

// takeSource takes the snapshot for a lazy restore.
func (l *liveVM) takeSource() {
	l.t.Helper()
	l.mustRun("snapshot", "create", "source")
}

// waitForAutomatic waits until an automatic snapshot is in progress.
func (l *liveVM) waitForAutomatic() {
	l.t.Helper()
	l.writeConstantly()
	l.mustRun("snapshot", "auto", "--every", "1m")
	defer l.mustRun("snapshot", "auto", "--off")
	for end := time.Now().Add(liveTimeout); ; time.Sleep(time.Millisecond) {
		if locked, _ := durable.IsLocked(l.vm().JobLock()); locked {
			return
		}
		if time.Now().After(end) {
			l.t.Fatalf("no automatic snapshot within %v\n%s", liveTimeout, l.logs())
		}
	}
}

// killOnce kills a victim during an activity, and reports whether the victim was alive.
func (l *liveVM) killOnce(m moment, victim string) bool {
	l.t.Helper()
	l.round++
	l.setRunning(m.running)
	boot := ""
	if m.running {
		boot = l.guest("cat /proc/sys/kernel/random/boot_id")
	}
	if m.prepare != nil {
		m.prepare(l)
	}
	after := time.Duration(l.rng.Int64N(int64(m.duration(l))))
	if l.rng.IntN(2) == 0 {
		after /= 5 // most problems occur early
	}
	var a *runningCommand
	if m.command != nil {
		a = l.startCommand(m.command...)
	}
	time.Sleep(after)
	hit := l.kill(victim, a)
	began := time.Now()
	if a != nil {
		e := l.waitCommand(a)
		hit = hit && (victim != victimCommand || e.killed)
		l.t.Logf("%s, %s killed after %v (hit: %v): exit %d (killed: %v) %q", m.name, victim, after, hit, e.exit, e.killed, e.err)
	} else {
		l.t.Logf("%s, %s killed after %v (hit: %v)", m.name, victim, after, hit)
	}
	l.checkRecovery(m, victim)
	if guestSurvives(m, victim) {
		if now := l.guest("cat /proc/sys/kernel/random/boot_id"); now != boot {
			l.t.Errorf("the guest was restarted")
		}
	}
	l.checkWorks()
	l.t.Logf("recovered after %v", time.Since(began).Round(10*time.Millisecond))
	return hit
}

// checkRecovery runs the commands that a user would run next.
func (l *liveVM) checkRecovery(m moment, victim string) {
	l.t.Helper()
	switch {
	case slices.Contains(m.command, "stop"):
		if e := l.run("stop"); e.exit != 0 && e.exit != 4 {
			l.t.Errorf("next stop: got exit code %d, want 0 or 4: %s", e.exit, e.err)
		}
		if s := l.status(); s.State != "stopped" {
			l.t.Errorf("state after stop: got %q, want stopped\n%s", s.State, l.logs())
		}
		l.checkOff(false)
		l.mustRun("run", "--detach")
	case guestSurvives(m, victim):
		if s := l.status(); s.State != "running" {
			l.t.Errorf("VM state: got %q, want running\n%s", s.State, l.logs())
		}
	case victim == victimBoth: // use the stopped VM
		if s := l.status(); s.State != "stopped" {
			l.t.Errorf("VM state: got %q, want stopped\n%s", s.State, l.logs())
		}
		l.mustRun("snapshot", "create", "off")
		l.checkGone(l.vm().Fleece())
		l.mustRun("run", "--detach")
	default:
		l.status()
		l.mustRun("run", "--detach")
	}
}

// setRunning starts or stops the VM as needed.
func (l *liveVM) setRunning(running bool) {
	l.t.Helper()
	locked, _ := durable.IsLocked(l.vm().Lock())
	switch {
	case running && !locked:
		l.mustRun("run", "--detach")
		l.waitForAgent()
	case !running && locked:
		l.mustRun(stopCleanly...)
		l.checkOff(true)
	}
}

// TestKillRunningVM kills the processes of a VM at random moments. The guest must survive where
// possible, the next command must recover, and the interrupted operation must be complete or
// undone.
func TestKillRunningVM(t *testing.T) {
	l := newLiveVM(t)
	t.Logf("undisturbed, boot takes %v, a snapshot %v, stop %v", l.boot, l.snapshot, l.stop)
	promised, limit := 5, 30*time.Second
	if thorough {
		promised, limit = 300, 0
	}
	began, hits, total, misses := time.Now(), map[string]int{}, 0, 0
	for cases := l.killCases(); total < promised || time.Since(began) < limit; {
		d := cases[0]
		if cases = cases[1:]; len(cases) == 0 {
			cases = l.killCases()
		}
		if l.killOnce(d.moment, d.victim) {
			hits[d.name+": "+d.victim]++
			total++
		} else {
			misses++
		}
		if t.Failed() {
			t.Fatalf("failed at %s, killed: %s", d.name, d.victim)
		}
	}
	l.setRunning(false)
	t.Logf("%d kills hit a live process, %d were too late: %v; in %v", total, misses, hits, time.Since(began).Round(time.Second))
}

// A killCase is a moment and a victim to kill.
type killCase struct {
	moment
	victim string
}

// killCases returns all combinations in random order.
func (l *liveVM) killCases() (all []killCase) {
	for _, m := range moments {
		for _, victim := range m.victims {
			if thorough || !m.slow {
				all = append(all, killCase{m, victim})
			}
		}
	}
	l.rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all
}

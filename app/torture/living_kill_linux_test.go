package torture

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"vmterminal/app/ondisk"
)

// A moment is what goes on when somebody is killed.
type moment struct {
	name string
	on   bool     // the VM runs
	do   []string // the command that goes on; nil: none
	// during is how long it takes.
	during  func(*living) time.Duration
	victims []string
	// prepare makes the guest ready; nil: it is.
	prepare func(*living)
	slow    bool // too slow for make test
}

var moments = []moment{
	{
		name: "boot", do: []string{"run", "--detach"}, during: func(l *living) time.Duration { return l.boot },
		victims: []string{theCommand, theHost, theQEMU},
	},
	{name: "an idle prompt", on: true, during: instant, victims: []string{theHost, theQEMU}},
	{name: "a flood", on: true, during: instant, victims: []string{theHost, theQEMU}, prepare: (*living).flood},
	{
		name: "a snapshot", on: true, do: []string{"snapshot", "create", "struck"},
		during:  func(l *living) time.Duration { return l.snapshot },
		victims: []string{theCommand, theHost, theQEMU, bothOfThem}, prepare: (*living).write,
	},
	{
		name: "an automatic snapshot", on: true, during: func(l *living) time.Duration { return l.snapshot },
		victims: []string{theHost, theQEMU}, prepare: (*living).waitForAutomatic, slow: true,
	},
	{
		name: "stop", on: true, do: []string{"stop"}, during: func(l *living) time.Duration { return l.stop },
		victims: []string{theCommand, theHost, theQEMU},
	},
}

func instant(*living) time.Duration { return 200 * time.Millisecond }

// flood has the guest's console say more than anybody reads.
func (l *living) flood() {
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
	for buf := make([]byte, 64<<10); n < 1<<20; { // more than is kept and comes at once
		got, err := c.Read(buf)
		if n += got; err != nil {
			l.t.Fatal(err)
		}
	}
}

// write has the guest write to its disk all the time.
func (l *living) write() {
	l.t.Helper()
	l.guest("killall dd; (while :; do dd if=/dev/urandom of=/root/busy bs=64k count=64 conv=notrunc,fsync; done) >/dev/null 2>&1 </dev/null &")
}

// waitForAutomatic waits until an automatic snapshot is being taken.
func (l *living) waitForAutomatic() {
	l.t.Helper()
	l.write()
	l.must("snapshot", "auto", "--every", "1m")
	defer l.must("snapshot", "auto", "--off")
	for end := time.Now().Add(5 * time.Minute); ; time.Sleep(time.Millisecond) {
		if held, _ := ondisk.Held(l.vm().JobLock()); held {
			return
		}
		if time.Now().After(end) {
			l.t.Fatalf("no automatic snapshot is taken\n%s", l.logs())
		}
	}
}

// strike kills a victim at a random moment, and tells whether it was alive.
func (l *living) strike(m moment, victim string) bool {
	l.t.Helper()
	l.round++
	l.be(m.on)
	boot := ""
	if m.on {
		boot = l.guest("cat /proc/sys/kernel/random/boot_id")
	}
	if m.prepare != nil {
		m.prepare(l)
	}
	after := time.Duration(l.rng.Int64N(int64(m.during(l))))
	if l.rng.IntN(2) == 0 {
		after /= 5 // most of what can go wrong is early
	}
	var a *act
	if m.do != nil {
		a = l.begin(m.do...)
	}
	time.Sleep(after) // which is the moment
	hit := l.kill(victim, a)
	began := time.Now()
	if a != nil {
		e := l.ended(a)
		hit = hit && (victim != theCommand || e.killed)
		l.t.Logf("%s, %s killed after %v (hit: %v): exit %d (killed: %v) %q", m.name, victim, after, hit, e.exit, e.killed, e.err)
	} else {
		l.t.Logf("%s, %s killed after %v (hit: %v)", m.name, victim, after, hit)
	}
	l.recovers(m, victim)
	if survives(m, victim) {
		if now := l.guest("cat /proc/sys/kernel/random/boot_id"); now != boot {
			l.t.Errorf("the guest was started anew")
		}
	}
	l.worksOn()
	l.t.Logf("all is as before %v later", time.Since(began).Round(10*time.Millisecond))
	return hit
}

// recovers does what a person does next.
func (l *living) recovers(m moment, victim string) {
	l.t.Helper()
	switch {
	case slices.Contains(m.do, "stop"):
		if e := l.try("stop"); e.exit != 0 && e.exit != 4 {
			l.t.Errorf("the next stop ended with %d: %s", e.exit, e.err)
		}
		if s := l.status(); s.State != "stopped" {
			l.t.Errorf("after stop the VM is %q\n%s", s.State, l.logs())
		}
		l.quietWhenOff(false)
		l.must("run", "--detach")
	case survives(m, victim):
		if s := l.status(); s.State != "running" {
			l.t.Errorf("the VM is %q\n%s", s.State, l.logs())
		}
	case victim == bothOfThem: // work on the VM that is off
		if s := l.status(); s.State != "stopped" {
			l.t.Errorf("the VM is %q\n%s", s.State, l.logs())
		}
		l.must("snapshot", "create", "off")
		l.isGone(l.vm().Fleece())
		l.must("run", "--detach")
	default:
		l.status()
		l.must("run", "--detach")
	}
}

// be has the VM run, or not.
func (l *living) be(on bool) {
	l.t.Helper()
	held, _ := ondisk.Held(l.vm().Lock())
	switch {
	case on && !held:
		l.must("run", "--detach")
		l.answers()
	case !on && held:
		l.must("stop")
		l.quietWhenOff(true)
	}
}

// TestRunningVMIsKilled kills whoever has to do with a VM at random moments of
// its life: it goes on where it can, whoever comes next takes it over, and what
// was going on has happened or has not.
func TestRunningVMIsKilled(t *testing.T) {
	l := newLiving(t)
	t.Logf("undisturbed, boot takes %v, a snapshot %v, stop %v", l.boot, l.snapshot, l.stop)
	promised, limit := 5, 30*time.Second
	if thorough {
		promised, limit = 300, 0
	}
	began, hits, total, misses := time.Now(), map[string]int{}, 0, 0
	for deaths := l.deaths(); total < promised || time.Since(began) < limit; {
		d := deaths[0]
		if deaths = deaths[1:]; len(deaths) == 0 {
			deaths = l.deaths()
		}
		if l.strike(d.moment, d.victim) {
			hits[d.name+": "+d.victim]++
			total++
		} else {
			misses++
		}
		if t.Failed() {
			t.Fatalf("it went wrong with %s: %s", d.name, d.victim)
		}
	}
	l.be(false)
	t.Logf("%d kills hit a live process, %d came too late: %v; in %v", total, misses, hits, time.Since(began).Round(time.Second))
}

// A death is one way to die.
type death struct {
	moment
	victim string
}

// deaths are all there are, in a random order.
func (l *living) deaths() (all []death) {
	for _, m := range moments {
		for _, victim := range m.victims {
			if thorough || !m.slow {
				all = append(all, death{m, victim})
			}
		}
	}
	l.rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all
}

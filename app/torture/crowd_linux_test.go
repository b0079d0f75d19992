package torture

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"vmterminal/app/ondisk"
	"vmterminal/app/torture/usecase"
)

// A crowd is many processes at once on one store, each of which does one command
// after the other and reports what it was told.
type crowd struct {
	home  string
	dir   string // for what is exported
	vms   []string
	began time.Time

	mu   sync.Mutex
	told []told
}

// told is one command, and what it said of itself.
type told struct {
	vm          string
	words       []string
	from, until time.Duration // since the crowd began
	ending
	hung bool
}

// names are those that snapshots come and go under. Kept is one that nobody
// deletes: it was imported, which no rule prunes.
var names = []string{"a", "b", "c", "d"}

const kept = "kept"

// crowdPatience is far more than any command needs, however many there are.
const crowdPatience = 4 * time.Minute

// newCrowd makes a store of some VMs, each of which has disks that no other has.
func newCrowd(t *testing.T, vms int) *crowd {
	t.Helper()
	dir := lab(t)
	buildCommand(t)
	c := &crowd{home: filepath.Join(dir, "home"), dir: dir, began: time.Now()}
	for at := range vms {
		vm := fmt.Sprint("vm", at)
		c.vms = append(c.vms, vm)
		export := c.exported(vm, "first")
		c.must(t, vm, "vm", "create", vm)
		c.disk(t, vm, "first")
		c.must(t, vm, "snapshot", "create", "a")
		c.must(t, vm, "snapshot", "export", "a", export)
		c.must(t, vm, "snapshot", "import", export, "--name", kept)
		c.disk(t, vm, "second")
		c.must(t, vm, "snapshot", "create", "b")
		c.must(t, vm, "snapshot", "restore", "a")
		c.disk(t, vm, "third")
	}
	return c
}

// disk has a VM's disk be another one, as its guest would.
func (c *crowd) disk(t *testing.T, vm, which string) {
	t.Helper()
	f, err := os.OpenFile(ondisk.Home(c.home).VM(vm).Disk(), os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt(usecase.Start(vm+which), 0); err != nil {
		t.Fatal(err)
	}
}

func (c *crowd) exported(vm, by string) string { return filepath.Join(c.dir, vm+"-"+by+".raw.gz") }

func (c *crowd) must(t *testing.T, vm string, words ...string) told {
	t.Helper()
	d, err := c.do(vm, words)
	if err != nil || d.exit != 0 {
		t.Fatalf("%q of %s: exit code %d, %v: %s", words, vm, d.exit, err, d.err)
	}
	return d
}

// do does a command and keeps what it said.
func (c *crowd) do(vm string, words []string) (told, error) {
	args := words
	if words[0] == "snapshot" {
		args = append(slices.Clone(words), "--vm", vm)
	}
	ctx, cancel := context.WithTimeout(context.Background(), crowdPatience)
	defer cancel()
	cmd := exec.CommandContext(ctx, commandProgram, args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGQUIT) } // which says where it hangs
	cmd.WaitDelay = 10 * time.Second
	cmd.Env = []string{ondisk.EnvHome + "=" + c.home, "PATH=" + os.Getenv("PATH"), "LANG=C.UTF-8", "HOME=" + c.dir, "TZ=UTC"}
	var out, errs strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errs
	d := told{vm: vm, words: words, from: time.Since(c.began)}
	err := cmd.Run()
	d.until, d.hung = time.Since(c.began), ctx.Err() != nil
	if cmd.ProcessState == nil {
		return told{}, err
	}
	d.ending = endingOf(cmd.ProcessState.Sys().(syscall.WaitStatus), out.String(), errs.String())
	c.mu.Lock()
	c.told = append(c.told, d)
	c.mu.Unlock()
	return d, nil
}

// member does some commands at random, one after the other.
func (c *crowd) member(number, commands int, rng *rand.Rand) error {
	for at := range commands {
		vm := c.vms[rng.IntN(len(c.vms))]
		mine := c.exported(vm, fmt.Sprint(number))
		name, other := names[rng.IntN(len(names))], names[rng.IntN(len(names))]
		text := fmt.Sprintf("command %d of %d", at, number)
		whats := [][]string{
			{"create", name, "-d", text},
			{"create", name, "-d", text},
			{"import", c.exported(vm, "first"), "--name", name},
			{"delete", name},
			{"rename", name, other},
			{"describe", kept, text},
			{"describe", name, text},
			{"pin", kept},
			{"pin", kept, "--off"},
			{"restore", name},
			{"undo"},
			{"undo", "--discard", "--yes"},
			{"verify", name},
			{"verify", "--all"},
			{"list"},
			{"export", name, mine},
			{"prune", "--keep-last", "1"},
		}
		if _, err := os.Stat(mine); err == nil {
			whats = append(whats, []string{"import", mine, "--name", name})
		}
		what := whats[rng.IntN(len(whats))]
		if what[0] == "rename" && name == other {
			continue
		}
		if _, err := c.do(vm, append([]string{"snapshot"}, what...)); err != nil {
			return err
		}
	}
	return nil
}

// listed is a VM's snapshots as the program lists them.
type listed struct {
	Name, Description, State string
	Pinned                   bool
}

func (c *crowd) list(t *testing.T, vm string) []listed {
	t.Helper()
	var out struct{ Snapshots []listed }
	if err := json.Unmarshal([]byte(c.must(t, vm, "snapshot", "list", "--json").out), &out); err != nil {
		t.Fatal(err)
	}
	return out.Snapshots
}

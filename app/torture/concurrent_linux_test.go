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

	"vmterminal/app/torture/usecase"
	"vmterminal/vm/home"
)

// A concurrentRun is a set of processes that run commands on one store and report the results.
type concurrentRun struct {
	home  string
	dir   string // for exported files
	vms   []string
	began time.Time

	mu       sync.Mutex
	outcomes []outcome
}

// outcome is a command and its result.
type outcome struct {
	vm          string
	words       []string
	from, until time.Duration // since concurrentRun.began
	commandResult
	hung bool
}

// snapshotNames are the names of the snapshots to create and delete. permanent is an imported
// snapshot that is never deleted.
var snapshotNames = []string{"a", "b", "c", "d"}

const permanent = "kept"

// commandTimeout is a generous timeout for one command.
const commandTimeout = 10 * time.Minute

// newConcurrentRun creates a store with some VMs, each with its own disks.
func newConcurrentRun(t *testing.T, vms int) *concurrentRun {
	t.Helper()
	dir := tortureDir(t)
	buildCommand(t)
	c := &concurrentRun{home: filepath.Join(dir, "home"), dir: dir, began: time.Now()}
	for at := range vms {
		vm := fmt.Sprint("vm", at)
		c.vms = append(c.vms, vm)
		export := c.exportPath(vm, "first")
		c.mustRun(t, vm, "vm", "create", vm)
		c.writeDisk(t, vm, "first")
		c.mustRun(t, vm, "snapshot", "create", "a")
		c.mustRun(t, vm, "snapshot", "export", "a", export)
		c.mustRun(t, vm, "snapshot", "import", export, "--name", permanent)
		c.writeDisk(t, vm, "second")
		c.mustRun(t, vm, "snapshot", "create", "b")
		c.mustRun(t, vm, "snapshot", "restore", "a")
		c.writeDisk(t, vm, "third")
	}
	return c
}

// writeDisk writes to a VM's disk, as its guest would.
func (c *concurrentRun) writeDisk(t *testing.T, vm, which string) {
	t.Helper()
	f, err := os.OpenFile(home.Dir(c.home).VM(vm).Disk(), os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt(usecase.DiskContent(vm+which), 0); err != nil {
		t.Fatal(err)
	}
}

func (c *concurrentRun) exportPath(vm, by string) string {
	return filepath.Join(c.dir, vm+"-"+by+".raw.gz")
}

func (c *concurrentRun) mustRun(t *testing.T, vm string, words ...string) outcome {
	t.Helper()
	d, err := c.runCommand(vm, words)
	if err != nil || d.exit != 0 {
		t.Fatalf("%q in %s: got exit code %d, %v, want 0: %s", words, vm, d.exit, err, d.err)
	}
	return d
}

// runCommand runs a command and records its result.
func (c *concurrentRun) runCommand(vm string, words []string) (outcome, error) {
	args := words
	if words[0] == "snapshot" {
		args = append(slices.Clone(words), "--vm", vm)
	}
	ctx, cancel := context.WithTimeout(context.Background(), commandTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, commandProgram, args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGQUIT) } // prints the goroutines
	cmd.WaitDelay = 10 * time.Second
	cmd.Env = []string{home.EnvVar + "=" + c.home, "PATH=" + os.Getenv("PATH"), "LANG=C.UTF-8", "HOME=" + c.dir, "TZ=UTC"}
	var out, errs strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errs
	d := outcome{vm: vm, words: words, from: time.Since(c.began)}
	err := cmd.Run()
	d.until, d.hung = time.Since(c.began), ctx.Err() != nil
	if cmd.ProcessState == nil {
		return outcome{}, err
	}
	d.commandResult = newCommandResult(cmd.ProcessState.Sys().(syscall.WaitStatus), out.String(), errs.String())
	c.mu.Lock()
	c.outcomes = append(c.outcomes, d)
	c.mu.Unlock()
	return d, nil
}

// runRandomCommands runs the given number of random commands.
func (c *concurrentRun) runRandomCommands(number, commands int, rng *rand.Rand) error {
	for at := range commands {
		vm := c.vms[rng.IntN(len(c.vms))]
		mine := c.exportPath(vm, fmt.Sprint(number))
		name, other := snapshotNames[rng.IntN(len(snapshotNames))], snapshotNames[rng.IntN(len(snapshotNames))]
		text := fmt.Sprintf("command %d of %d", at, number)
		choices := [][]string{
			{"create", name, "-d", text},
			{"create", name, "-d", text},
			{"import", c.exportPath(vm, "first"), "--name", name},
			{"delete", name},
			{"rename", name, other},
			{"describe", permanent, text},
			{"describe", name, text},
			{"pin", permanent},
			{"unpin", permanent},
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
			choices = append(choices, []string{"import", mine, "--name", name})
		}
		what := choices[rng.IntN(len(choices))]
		if what[0] == "rename" && name == other {
			continue
		}
		if _, err := c.runCommand(vm, append([]string{"snapshot"}, what...)); err != nil {
			return err
		}
	}
	return nil
}

// listedSnapshot is a snapshot as the program lists it.
type listedSnapshot struct {
	Name, Description, State string
	Pinned                   bool
}

func (c *concurrentRun) listSnapshots(t *testing.T, vm string) []listedSnapshot {
	t.Helper()
	var out struct{ Snapshots []listedSnapshot }
	if err := json.Unmarshal([]byte(c.mustRun(t, vm, "snapshot", "list", "--json").out), &out); err != nil {
		t.Fatal(err)
	}
	return out.Snapshots
}

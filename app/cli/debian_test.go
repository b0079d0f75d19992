package cli_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"vmterminal/app"
	"vmterminal/assets/guest"
	"vmterminal/snapshot/durable"
	"vmterminal/vm/debian"
	"vmterminal/vm/home"
)

// builtGuests is the folder that caches disks built from packages.
var builtGuests = filepath.Join(here, "../../.cache/guests")

// inPartition, appended to the name of a disk, makes e2fsprogs use its partition.
const inPartition = "?offset=1048576"

// TestDebian runs the scripts for a Debian guest.
func TestDebian(t *testing.T) {
	if testing.Short() {
		t.Skip("takes minutes")
	}
	runInDebian(t, "testdata/debian")
}

// TestDebianKernel replaces the kernel of a Debian guest and rolls it back.
func TestDebianKernel(t *testing.T) {
	if !thorough {
		t.Skip("only run by make torture")
	}
	runInDebian(t, "testdata/kernel")
}

// runInDebian runs the scripts in folder with a cached Debian disk. If no mirror can be
// reached, it prints a message and skips the test.
func runInDebian(t *testing.T, folder string) {
	if err := buildDebian(t); err != nil {
		if errors.Is(err, debian.ErrMirror) {
			fmt.Fprintf(os.Stderr, "\n*** NOT TESTED: Debian from packages: %v\n\n", err)
			t.Skip(err)
		}
		t.Fatal(err)
	}
	began := time.Now()
	p := scripts(t, folder)
	setup := p.Setup
	p.Setup = func(env *testscript.Env) error {
		env.Setenv(rootAt, "1")
		if err := setup(env); err != nil {
			return err
		}
		return os.Symlink(builtGuests, home.Dir(env.Getenv(home.EnvVar)).Cache())
	}
	for name, command := range map[string]func(*testscript.TestScript, bool, []string){
		"awaits": awaits, "fsck": fsck, "installed": installed,
	} {
		p.Cmds[name] = command
	}
	testscript.Run(t, p)
	t.Cleanup(func() { t.Logf("%v with a cached disk", time.Since(began).Round(time.Second)) })
}

// buildDebian builds the disk and checks that the guest's mirror can be reached.
func buildDebian(t *testing.T) error {
	began := time.Now()
	if err := durable.MakeDir(builtGuests); err != nil {
		return err
	}
	root := home.Dir(t.TempDir())
	if err := os.Symlink(builtGuests, root.Cache()); err != nil {
		return err
	}
	svc := app.New(app.Options{Home: root, Guest: app.BuiltinGuest{Agent: guest.Agent}})
	job, err := svc.CreateDebian(t.Context(), app.NewVM{Name: "deb", DiskSizeMB: 1024}, "bookworm")
	if err != nil {
		return err
	}
	if err := job.Wait(t.Context()); err != nil {
		return err
	}
	t.Logf("the first VM took %v", time.Since(began).Round(time.Second))
	sources, err := exec.Command("/sbin/debugfs", "-R", "cat /etc/apt/sources.list", root.VM("deb").Disk()+inPartition).Output()
	words := strings.Fields(string(sources))
	if err != nil || len(words) < 2 {
		return fmt.Errorf("parse the guest's sources %q: %w", sources, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	ask, err := http.NewRequestWithContext(ctx, http.MethodHead, words[1]+"/dists/bookworm/InRelease", nil)
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(ask)
	if err != nil {
		return fmt.Errorf("%w: %w", debian.ErrMirror, err)
	}
	return answer.Body.Close()
}

// awaits VM TEXT: waits until the VM's console has shown the text.
func awaits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: awaits VM TEXT")
	}
	ctx, cancel := context.WithTimeout(context.Background(), awaitTimeout)
	defer cancel()
	svc := app.New(app.Options{Home: home.Dir(ts.Getenv(home.EnvVar))})
	console, err := svc.Console(ctx, args[0])
	ts.Check(err)
	defer console.Close()
	stop := context.AfterFunc(ctx, func() { console.Close() })
	defer stop()
	var text []byte
	buf := make([]byte, 4096)
	for !strings.Contains(string(text), args[1]) {
		n, err := console.Read(buf)
		text = append(text, buf[:n]...)
		if err != nil {
			ts.Fatalf("the console did not show %q: %v\n%s", args[1], err, text[max(0, len(text)-2000):])
		}
	}
}

// rootAt names the environment variable that holds the offset of the root partition in MiB.
const rootAt = "ROOT_AT"

// partition copies the root file system of a stopped VM to a file, because e2fsck cannot reopen
// a file that it opened at an offset. It returns the file's path.
func partition(ts *testscript.TestScript, vm string) string {
	disk, part := home.Dir(ts.Getenv(home.EnvVar)).VM(vm).Disk(), ts.MkAbs("partition")
	ts.Check(exec.Command("dd", "if="+disk, "of="+part, "bs=1M", "skip="+ts.Getenv(rootAt), "conv=sparse", "status=none").Run())
	return part
}

// replay replays the journal of a file system and returns the output of e2fsck.
func replay(ts *testscript.TestScript, part string) string {
	out, err := exec.Command("/sbin/e2fsck", "-p", "-E", "journal_only", part).CombinedOutput()
	ts.Logf("%s", out)
	ts.Check(err)
	return string(out)
}

// fsck VM clean|journal: checks that the file system of the stopped VM is clean, either as it
// is or after its journal has been replayed.
func fsck(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: fsck VM clean|journal")
	}
	part := partition(ts, args[0])
	defer os.Remove(part)
	if args[1] == "journal" && !strings.Contains(replay(ts, part), "recovering journal") {
		ts.Fatalf("no journal to replay")
	}
	out, err := exec.Command("/sbin/e2fsck", "-fn", part).CombinedOutput()
	ts.Logf("%s", out)
	// After a power failure, e2fsck recounts the free blocks, which is not a sign of damage.
	if err != nil || args[1] == "clean" && (strings.Contains(string(out), "journal recovery") || strings.Contains(string(out), "Fix?")) {
		ts.Fatalf("the file system is not clean: %v", err)
	}
}

// installed VM PACKAGE: checks that dpkg in the stopped VM lists the package as installed.
func installed(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: [!] installed VM PACKAGE")
	}
	part := partition(ts, args[0])
	defer os.Remove(part)
	replay(ts, part) // otherwise recently renamed files may have their old contents
	status, err := exec.Command("/sbin/debugfs", "-R", "cat /var/lib/dpkg/status", part).Output()
	ts.Check(err)
	whole := regexp.MustCompile(`(?m)^Package: ` + args[1] + "\nStatus: install ok installed$").Match(status)
	if whole == neg || !strings.Contains(string(status), "Package: dpkg\n") {
		ts.Fatalf("package listed as installed: got %v", whole)
	}
}

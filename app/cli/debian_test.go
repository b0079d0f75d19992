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
	"vmterminal/app/ondisk"
	"vmterminal/assets/guest"
	"vmterminal/vm/debian"
)

// builtGuests is where what is built of packages stays, so that it is paid once.
var builtGuests = filepath.Join(here, "../../.cache/guests")

// inPartition is what e2fsprogs want behind a disk's name to find its file system.
const inPartition = "?offset=1048576"

// TestDebian lives in a real Debian.
func TestDebian(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes minutes")
	}
	liveInDebian(t, "testdata/debian")
}

// TestDebianKernel replaces a real Debian's kernel, and rolls it back.
func TestDebianKernel(t *testing.T) {
	if !thorough {
		t.Skip("make torture tries it")
	}
	liveInDebian(t, "testdata/kernel")
}

// liveInDebian runs the scripts of a folder, which find a Debian that was built. It
// skips where no mirror can be reached, which nobody should overlook.
func liveInDebian(t *testing.T, folder string) {
	if err := buildDebian(t); err != nil {
		if errors.Is(err, debian.ErrMirror) {
			fmt.Fprintf(os.Stderr, "\n*** NOT TESTED: Debian made from packages, since %v\n\n", err)
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
		return os.Symlink(builtGuests, ondisk.Home(env.Getenv(ondisk.EnvHome)).Cache())
	}
	for name, command := range map[string]func(*testscript.TestScript, bool, []string){
		"awaits": awaits, "fsck": fsck, "installed": installed,
	} {
		p.Cmds[name] = command
	}
	testscript.Run(t, p)
	t.Cleanup(func() { t.Logf("%v with a disk that was built before", time.Since(began).Round(time.Second)) })
}

// buildDebian pays for the disk, and asks the mirror that the guest will use.
func buildDebian(t *testing.T) error {
	began := time.Now()
	if err := ondisk.MakeDir(builtGuests); err != nil {
		return err
	}
	home := ondisk.Home(t.TempDir())
	if err := os.Symlink(builtGuests, home.Cache()); err != nil {
		return err
	}
	svc := app.New(app.Options{Home: home, Guest: app.BuiltinGuest{Agent: guest.Agent}})
	job, err := svc.CreateDebian(t.Context(), app.NewVM{Name: "deb", DiskSizeMB: 1024}, "bookworm")
	if err != nil {
		return err
	}
	if err := job.Wait(t.Context()); err != nil {
		return err
	}
	t.Logf("the first VM took %v", time.Since(began).Round(time.Second))
	sources, err := exec.Command("/sbin/debugfs", "-R", "cat /etc/apt/sources.list", home.VM("deb").Disk()+inPartition).Output()
	words := strings.Fields(string(sources))
	if err != nil || len(words) < 2 {
		return fmt.Errorf("the guest's sources are %q, %w", sources, err)
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

// awaits VM TEXT: the VM's console shows the text, or has shown it.
func awaits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: awaits VM TEXT")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 4*time.Minute)
	defer cancel()
	svc := app.New(app.Options{Home: ondisk.Home(ts.Getenv(ondisk.EnvHome))})
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
			ts.Fatalf("no %q on the console: %v\n%s", args[1], err, text[max(0, len(text)-2000):])
		}
	}
}

// rootAt names the variable with where a guest's root begins on its disk, in MiB.
const rootAt = "ROOT_AT"

// partition is a copy of the root file system on a stopped VM's disk, by itself:
// with an offset e2fsck does not find its file again.
func partition(ts *testscript.TestScript, vm string) string {
	disk, part := ondisk.Home(ts.Getenv(ondisk.EnvHome)).VM(vm).Disk(), ts.MkAbs("partition")
	ts.Check(exec.Command("dd", "if="+disk, "of="+part, "bs=1M", "skip="+ts.Getenv(rootAt), "conv=sparse", "status=none").Run())
	return part
}

// replay does what the next mount would do first, and returns what e2fsck said.
func replay(ts *testscript.TestScript, part string) string {
	out, err := exec.Command("/sbin/e2fsck", "-p", "-E", "journal_only", part).CombinedOutput()
	ts.Logf("%s", out)
	ts.Check(err)
	return string(out)
}

// fsck VM clean|journal: the file system on the stopped VM's disk is whole as it
// is, or once its journal has been replayed.
func fsck(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: fsck VM clean|journal")
	}
	part := partition(ts, args[0])
	defer os.Remove(part)
	if args[1] == "journal" && !strings.Contains(replay(ts, part), "recovering journal") {
		ts.Fatalf("there is no journal to replay")
	}
	out, err := exec.Command("/sbin/e2fsck", "-fn", part).CombinedOutput()
	ts.Logf("%s", out)
	// How many blocks are free is counted anew after a power cut, and no damage.
	if err != nil || args[1] == "clean" && (strings.Contains(string(out), "journal recovery") || strings.Contains(string(out), "Fix?")) {
		ts.Fatalf("the file system is not clean: %v", err)
	}
}

// installed VM PACKAGE: dpkg on the stopped VM's disk takes the package for whole.
func installed(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: [!] installed VM PACKAGE")
	}
	part := partition(ts, args[0])
	defer os.Remove(part)
	replay(ts, part) // or what was renamed last may still have its old content
	status, err := exec.Command("/sbin/debugfs", "-R", "cat /var/lib/dpkg/status", part).Output()
	ts.Check(err)
	whole := regexp.MustCompile(`(?m)^Package: ` + args[1] + "\nStatus: install ok installed$").Match(status)
	if whole == neg || !strings.Contains(string(status), "Package: dpkg\n") {
		ts.Fatalf("installed is %v", whole)
	}
}

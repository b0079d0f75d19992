package cli_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/rogpeppe/go-internal/testscript"

	"vmterminal/snapshot/durable"
	"vmterminal/vm/home"
)

// thorough is set by 'make torture' to include slow tests.
var thorough = os.Getenv("VMTERMINAL_TORTURE") != ""

// TestCloudImage uses an image with cloud-init, like those of distributions, built from Debian
// packages. Each boot takes minutes, so only 'make torture' tests clones and OpenRC, the init
// system of Alpine's images.
func TestCloudImage(t *testing.T) {
	for _, init := range []string{"systemd", "openrc"} {
		t.Run(init, func(t *testing.T) {
			switch {
			case testing.Short():
				t.Skip("takes minutes")
			case init == "openrc" && !thorough:
				t.Skip("only run by make torture")
			}
			image := cloudImage(t, init)
			began := time.Now()
			p := scripts(t, "testdata/cloud")
			setup := p.Setup
			p.Setup = func(env *testscript.Env) error {
				env.Setenv("IMAGE", image)
				env.Setenv(rootAt, "128")
				return setup(env)
			}
			p.Condition = func(is string) (bool, error) { return is == init || is == "thorough" && thorough, nil }
			p.Cmds["resizes"], p.Cmds["fsck"] = resizes, fsck
			testscript.Run(t, p)
			t.Cleanup(func() { t.Logf("%v with a cached image", time.Since(began).Round(time.Second)) })
		})
	}
}

const cloudScript = "testdata/cloud/build.sh"

// cloudImage returns the path of an image with the given init system, which it builds once and
// caches. If no mirror can be reached, it prints a message and skips the test.
func cloudImage(t *testing.T, init string) string {
	script, err := os.ReadFile(cloudScript)
	if err != nil {
		t.Fatal(err)
	}
	kind := filepath.Join(builtGuests, "cloud-"+init+"-")
	image := fmt.Sprintf("%s%x.qcow2", kind, sha256.Sum256(script))
	if _, err := os.Stat(image); err == nil {
		return image
	}
	if err := durable.MakeDir(builtGuests); err != nil {
		t.Fatal(err)
	}
	old, err := filepath.Glob(kind + "*")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range old {
		if err := os.RemoveAll(path); err != nil {
			t.Fatal(err)
		}
	}
	began := time.Now()
	out, err := exec.CommandContext(t.Context(), "bash", cloudScript, init, image).CombinedOutput()
	if err != nil {
		asked := http.Client{Timeout: 20 * time.Second}
		answer, unreachable := asked.Head("http://deb.debian.org/debian/dists/bookworm/InRelease")
		if unreachable != nil {
			fmt.Fprintf(os.Stderr, "\n*** NOT TESTED: cloud image with %s: %v\n\n", init, unreachable)
			t.Skip(unreachable)
		}
		answer.Body.Close()
		t.Fatalf("build the image: %v\n%s", err, out)
	}
	t.Logf("building the image took %v", time.Since(began).Round(time.Second))
	return image
}

// resizes VM: checks that a shell in the guest has the size of its terminal, also after the
// size changes.
func resizes(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: resizes VM")
	}
	shell := exec.Command("vmterminal", "shell", "--vm", args[0]) //nolint:noctx // it exits with its terminal
	shell.Env = append(os.Environ(), home.EnvVar+"="+ts.Getenv(home.EnvVar))
	tty, err := pty.StartWithSize(shell, &pty.Winsize{Rows: 30, Cols: 100})
	ts.Check(err)
	limit := time.AfterFunc(awaitTimeout, func() { tty.Close() })
	defer limit.Stop()
	var shown []byte
	ask := func(size, answer string) {
		// The terminal echoes the command, which must not look like the answer.
		_, err := fmt.Fprintf(tty, "until [ \"$(stty size)\" = '%s' ]; do sleep .1; done; echo size''-%s\n", size, answer)
		ts.Check(err)
		for b := make([]byte, 4096); !bytes.Contains(shown, []byte("size-"+answer)); {
			n, err := tty.Read(b)
			if shown = append(shown, b[:n]...); err != nil {
				ts.Fatalf("the shell did not report size %s: %v\n%q", size, err, shown)
			}
		}
	}
	ask("30 100", "first")
	ts.Check(pty.Setsize(tty, &pty.Winsize{Rows: 41, Cols: 133}))
	ask("41 133", "second")
	_, err = fmt.Fprintln(tty, "exit")
	ts.Check(err)
	if err := shell.Wait(); err != nil {
		ts.Fatalf("exit of the shell: %v", err)
	}
	tty.Close()
}

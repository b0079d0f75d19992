// Package mounttest mounts file systems for tests.
package mounttest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// requireRoot skips the test unless it runs as root. It returns a function that skips the
// test because of another unmet requirement. If the environment variable CI is set, both
// fail the test instead, as all tests have to run there.
func requireRoot(t *testing.T) (unmet func(format string, args ...any)) {
	t.Helper()
	unmet = t.Skipf
	if os.Getenv("CI") != "" {
		unmet = t.Fatalf
	}
	if os.Getuid() != 0 {
		unmet("only root can mount file systems: run the tests as root")
	}
	return unmet
}

// Dir mounts a new, empty file system of the given kind ("xfs", "btrfs") and size until the
// test ends, and returns its root. It needs root, loop devices and the tools of the file
// system; without them it skips the test, or fails it in CI.
func Dir(t *testing.T, kind string, megabytes int) string {
	t.Helper()
	unmet := requireRoot(t)
	image, root := filepath.Join(t.TempDir(), "image"), t.TempDir()
	if err := os.WriteFile(image, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(image, int64(megabytes)<<20); err != nil {
		t.Fatal(err)
	}
	for _, command := range [][]string{{"mkfs." + kind, "-q", image}, {"mount", "-o", "loop", image, root}} {
		if out, err := exec.Command(command[0], command[1:]...).CombinedOutput(); err != nil {
			unmet("%v: %v\n%s", command, err, out)
		}
	}
	t.Cleanup(func() { Unmount(t, root) })
	return root
}

// Unmount unmounts a file system. It waits while the file system is busy, because the kernel
// releases the files of an exited process a moment later.
func Unmount(t *testing.T, dir string) {
	t.Helper()
	retry(t, "unmount "+dir, func() error {
		out, err := exec.Command("umount", dir).CombinedOutput()
		if err != nil {
			err = fmt.Errorf("%w\n%s", err, out)
		}
		return err
	})
}

// retry calls f until it succeeds, for at most a minute.
func retry(t *testing.T, what string, f func() error) {
	t.Helper()
	poll := time.NewTicker(100 * time.Millisecond)
	defer poll.Stop()
	deadline := time.After(time.Minute)
	for {
		err := f()
		if err == nil {
			return
		}
		select {
		case <-poll.C:
		case <-deadline:
			t.Errorf("%s: got error %v, want no error", what, err)
			return
		}
	}
}

// Overlay mounts an overlay file system until the test ends, and returns its root. fill
// creates the contents of its lower layer. As in a container, folders of that layer can be
// changed but not renamed. Its requirements are those of Dir.
func Overlay(t *testing.T, fill func(lower string)) string {
	t.Helper()
	unmet := requireRoot(t)
	layers, root := t.TempDir(), t.TempDir()
	mount := func(dir string, args ...string) {
		t.Helper()
		if out, err := exec.Command("mount", append(args, dir)...).CombinedOutput(); err != nil {
			unmet("mount %v: %v\n%s", args, err, out)
		}
		t.Cleanup(func() { Unmount(t, dir) })
	}
	mount(layers, "-t", "tmpfs", "tmpfs") // the layers cannot be on another overlay
	lower, upper, work := layers+"/lower", layers+"/upper", layers+"/work"
	for _, dir := range []string{lower, upper, work} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	fill(lower)
	mount(root, "-t", "overlay", "-o", "redirect_dir=off,lowerdir="+lower+",upperdir="+upper+",workdir="+work, "overlay")
	return root
}

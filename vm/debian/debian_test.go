package debian_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"vmterminal/snapshot/durable"
	"vmterminal/vm/debian"
	"vmterminal/vm/home"
)

// diskCache is a persistent cache, so that the build runs only once.
const diskCache = "../../.cache/guests"

// phases records the phases of a build.
type phases struct {
	mu    sync.Mutex
	names []string
	begun func(string)
}

func (p *phases) Phase(name string, _ int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.names = append(p.names, name)
	if p.begun != nil {
		p.begun(name)
	}
}

func (*phases) Add(int64) {}

// openCachedDisk returns the path of the cached disk, which it builds if necessary. If no mirror
// can be reached, it skips the test.
func openCachedDisk(t *testing.T) string {
	t.Helper()
	cache, err := filepath.Abs(diskCache)
	if err != nil {
		t.Fatal(err)
	}
	did := &phases{begun: func(name string) { t.Logf("%s %s", time.Now().Format(time.TimeOnly), name) }}
	f, err := debian.Open(t.Context(), cache, "bookworm", did)
	if errors.Is(err, debian.ErrMirror) {
		t.Skipf("NOT TESTED: Debian from packages, since %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	return f.Name()
}

func TestOpen(t *testing.T) {
	path := openCachedDisk(t)
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Size() != debian.MinSize {
		t.Errorf("the disk has %d bytes, want %v", info.Size(), debian.MinSize)
	}
	used := info.Sys().(*syscall.Stat_t).Blocks * 512
	t.Logf("%s: %d MB", filepath.Base(path), used>>20)
	if used > debian.MinSize*6/10 {
		t.Errorf("the disk occupies %d bytes, want a sparse file", used)
	}
	image := path + "?offset=1048576"
	if out, err := exec.Command("/sbin/e2fsck", "-fn", image).CombinedOutput(); err != nil {
		t.Errorf("got %v, want no error\n%s", err, out)
	}
	if names := debugfs(t, image, "ls -p /etc/ssh"); strings.Contains(names, "ssh_host_") {
		t.Error("got SSH host keys in the image, want none")
	}
	if id := debugfs(t, image, "cat /etc/machine-id"); id != "" {
		t.Errorf("got machine ID %q in the image, want none", id)
	}
	if name := debugfs(t, image, "cat /etc/hostname"); name != "debian\n" {
		t.Errorf("got hostname %q, want %q", name, "debian\n")
	}
	if conf := debugfs(t, image, "ls -p /etc/apt/apt.conf.d"); strings.Contains(conf, "mmdebstrap") {
		t.Errorf("got APT settings of the build %s, want none", conf)
	}
}

func debugfs(t *testing.T, image, request string) string {
	t.Helper()
	out, err := exec.Command("/sbin/debugfs", "-R", request, image).Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// A build that is canceled, here or by another process, leaves neither files nor processes behind.
func TestOpenCanceled(t *testing.T) {
	if err := debian.CheckTools(); err != nil {
		t.Fatal(err)
	}
	ends := map[string]func(cache string, cancel func()) error{
		"canceled": func(_ string, cancel func()) error { cancel(); return nil },
		"asked": func(cache string, _ func()) error {
			builds := debian.ActiveBuilds(cache)
			if len(builds) != 1 || builds[0].Release != "bookworm" || builds[0].PID != os.Getpid() {
				return fmt.Errorf("got builds %+v, want one of bookworm", builds)
			}
			return durable.WriteRequest(home.DebianCancel(cache, "bookworm"), builds[0].PID)
		},
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) { openCancelled(t, end) })
	}
}

func openCancelled(t *testing.T, end func(cache string, cancel func()) error) {
	cache, temp := t.TempDir(), t.TempDir()
	t.Setenv("TMPDIR", temp)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	began := &phases{begun: func(name string) {
		if name == debian.PhaseLists {
			if err := end(cache, cancel); err != nil {
				t.Error(err)
				cancel()
			}
		}
	}}
	f, err := debian.Open(ctx, cache, "bookworm", began)
	if errors.Is(err, debian.ErrMirror) {
		t.Skipf("NOT TESTED: Debian from packages, since %v", err)
	}
	if f != nil || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, %v; want error %v", f, err, context.Canceled)
	}
	for _, dir := range []string{cache, temp} {
		left, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range left {
			if e.Name() != "debian-bookworm.lock" {
				t.Errorf("got leftover file %s, want none", filepath.Join(dir, e.Name()))
			}
		}
	}
	if running, _ := filepath.Glob("/proc/[0-9]*/cmdline"); len(running) > 0 {
		for _, file := range running {
			if line, _ := os.ReadFile(file); strings.Contains(string(line), cache) && !strings.Contains(string(line), ".test") {
				t.Errorf("got running process %q, want none", line)
			}
		}
	}
}

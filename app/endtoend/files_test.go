package endtoend

import (
	"bytes"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// sizes are a file's length and what it takes on disk, in bytes.
func sizes(t *testing.T, file string) (size, allocated int64) {
	t.Helper()
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size(), info.Sys().(*syscall.Stat_t).Blocks * 512
}

// fill writes that many MB which do not compress onto a stopped VM's disk.
func fill(t *testing.T, disk string, megabytes int64) {
	t.Helper()
	f, err := os.OpenFile(disk, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.Seek(64<<20, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	if _, err := io.CopyN(f, rand.NewChaCha8([32]byte{1}), megabytes<<20); err != nil {
		t.Fatal(err)
	}
}

// TestSnapshotIsAPlainGzipFile asks other people's gzip about a snapshot of a
// stopped VM.
func TestSnapshotIsAPlainGzipFile(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	s.do("vm", "create", "plain", "--disk-size", "512")
	fill(t, s.disk("plain"), 32)
	s.do("snapshot", "create", "whole", "--vm", "plain")
	file := filepath.Join(s.folder("plain"), "snapshots", "whole.raw.gz")
	if text, err := exec.Command("gunzip", "-t", file).CombinedOutput(); err != nil || len(text) > 0 {
		t.Errorf("gunzip -t: %v\n%s", err, text)
	}

	disk, err := os.Open(s.disk("plain"))
	if err != nil {
		t.Fatal(err)
	}
	defer disk.Close()
	gunzip := exec.Command("gunzip", "-c", file)
	var said bytes.Buffer
	gunzip.Stderr = &said
	content, err := gunzip.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := gunzip.Start(); err != nil {
		t.Fatal(err)
	}
	different := same(content, disk)
	if err := gunzip.Wait(); err != nil || said.Len() > 0 {
		t.Errorf("gunzip -c: %v\n%s", err, said.String())
	}
	if different != "" {
		t.Error("gunzip -c and the disk: " + different)
	}
}

// same tells how two streams differ, or "".
func same(a, b io.Reader) string {
	bufA, bufB := make([]byte, 1<<20), make([]byte, 1<<20)
	for {
		n, errA := io.ReadFull(a, bufA)
		m, errB := io.ReadFull(b, bufB)
		switch {
		case !bytes.Equal(bufA[:n], bufB[:m]):
			_, _ = io.Copy(io.Discard, a)
			return "they differ"
		case errA != nil || errB != nil:
			return ""
		}
	}
}

// TestCancelLeavesNothing presses Ctrl+C while the bar runs, and sends the
// signal to a command without a terminal.
func TestCancelLeavesNothing(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	s.do("vm", "create", "big", "--disk-size", "2048")
	fill(t, s.disk("big"), 768)
	before, _ := os.ReadDir(s.folder("big"))

	x := s.terminal("snapshot", "create", "gone", "--vm", "big")
	x.expectMatch(`\[=*>-+\] +\d+%, [\d.]+ MB/s`)
	x.press("\x03")
	if code := x.exit(); code != 130 {
		t.Errorf("Ctrl+C ended with %d", code)
	}
	isCancelled(t, s, x.all(), len(before))

	cmd := s.command("snapshot", "create", "gone", "--vm", "big")
	var said bytes.Buffer
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	until(t, "the snapshot is being written", func() bool { return len(inSnapshots(s, "big")) > 0 })
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != 130 {
		t.Errorf("SIGINT ended with %d", code)
	}
	if regexp.MustCompile(`[\r\x1b%]`).MatchString(said.String()) {
		t.Errorf("there is a bar on a pipe: %q", said.String())
	}
	isCancelled(t, s, said.String(), len(before))
}

func isCancelled(t *testing.T, s *store, said string, files int) {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(said), "\n")
	if last := lines[len(lines)-1]; !strings.Contains(last, "cancelled; nothing is left of it") {
		t.Errorf("the last line is %q", last)
	}
	if left := inSnapshots(s, "big"); len(left) > 0 {
		t.Errorf("after the cancel there is still %q", left)
	}
	if now, _ := os.ReadDir(s.folder("big")); len(now) > files+2 { // locks, made when first held
		t.Errorf("the VM's folder had %d files, and has %v", files, now)
	}
	if names := s.snapshots("big"); len(names) > 0 {
		t.Errorf("after the cancel %q is listed", names)
	}
}

// inSnapshots are the files in a VM's folder of snapshots.
func inSnapshots(s *store, vm string) []string {
	files, _ := filepath.Glob(filepath.Join(s.folder(vm), "snapshots", "*"))
	return files
}

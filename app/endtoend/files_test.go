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

// diskUsage returns a file's length and its disk usage in bytes.
func diskUsage(t *testing.T, file string) (size, allocated int64) {
	t.Helper()
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size(), info.Sys().(*syscall.Stat_t).Blocks * 512
}

// fillDisk writes incompressible data of the given size to a stopped VM's disk.
func fillDisk(t *testing.T, disk string, megabytes int64) {
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

// TestSnapshotIsGzipFile checks that gunzip extracts the disk from a snapshot of a stopped VM.
func TestSnapshotIsGzipFile(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	s.mustRun("vm", "create", "plain", "--disk-size", "512")
	fillDisk(t, s.diskPath("plain"), 32)
	s.mustRun("snapshot", "create", "whole", "--vm", "plain")
	file := filepath.Join(s.vmDir("plain"), "snapshots", "whole.raw.gz")
	if text, err := exec.Command("gunzip", "-t", file).CombinedOutput(); err != nil || len(text) > 0 {
		t.Errorf("gunzip -t: got error %v, want none, and no output:\n%s", err, text)
	}

	disk, err := os.Open(s.diskPath("plain"))
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
	different := compareStreams(content, disk)
	if err := gunzip.Wait(); err != nil || said.Len() > 0 {
		t.Errorf("gunzip -c: got error %v, want none, and no messages:\n%s", err, said.String())
	}
	if different != "" {
		t.Error("compare the output of gunzip -c and the disk: " + different)
	}
}

// compareStreams returns how two streams differ, or "" if they do not.
func compareStreams(a, b io.Reader) string {
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

// oneProcessor makes a snapshot take seconds on a machine with many processors, too, so that it
// can be observed.
const oneProcessor = "GOMAXPROCS=1"

// TestCancelLeavesNothing cancels a snapshot, with Ctrl+C on a terminal and with SIGINT without
// a terminal, and checks that nothing remains of it.
func TestCancelLeavesNothing(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	s.env = append(s.env, oneProcessor)
	s.mustRun("vm", "create", "big", "--disk-size", "2048")
	fillDisk(t, s.diskPath("big"), 768)
	before, _ := os.ReadDir(s.vmDir("big"))

	x := s.terminal("snapshot", "create", "gone", "--vm", "big")
	x.expectMatch(`\[=*>-+\] +\d+%, [\d.]+ MiB/s`)
	x.press("\x03")
	if code := x.waitExit(); code != 130 {
		t.Errorf("Ctrl+C: got exit code %d, want 130", code)
	}
	checkCanceled(t, s, x.output(), len(before))

	cmd := s.command("snapshot", "create", "gone", "--vm", "big")
	var said bytes.Buffer
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	waitUntil(t, "the snapshot is being written", func() bool { return len(snapshotFiles(s, "big")) > 0 })
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != 130 {
		t.Errorf("SIGINT: got exit code %d, want 130", code)
	}
	if regexp.MustCompile(`[\r\x1b%]`).MatchString(said.String()) {
		t.Errorf("got a progress bar on a pipe: %q", said.String())
	}
	checkCanceled(t, s, said.String(), len(before))
}

func checkCanceled(t *testing.T, s *store, output string, files int) {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(output), "\n")
	if last := lines[len(lines)-1]; !strings.Contains(last, "canceled; no partial results were kept") {
		t.Errorf("got last line %q, want the cancellation", last)
	}
	if left := snapshotFiles(s, "big"); len(left) > 0 {
		t.Errorf("files after the cancellation: got %q, want none", left)
	}
	if now, _ := os.ReadDir(s.vmDir("big")); len(now) > files+2 { // two lock files may be new
		t.Errorf("the VM's folder: got %v, want at most %d files", now, files+2)
	}
	if names := s.snapshots("big"); len(names) > 0 {
		t.Errorf("snapshots after the cancellation: got %q, want none", names)
	}
}

// snapshotFiles returns the files in a VM's snapshots folder.
func snapshotFiles(s *store, vm string) []string {
	files, _ := filepath.Glob(filepath.Join(s.vmDir(vm), "snapshots", "*"))
	return files
}

package snapshot

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// enough is the minimum number of other tools that must read our files, and of tools whose
// files we must read.
const enough = 8

// unpackers decompress a gzip file to their output; its path is the last argument.
var unpackers = map[string][]string{
	"gzip":       {"gzip", "-dc"},
	"pigz":       {"pigz", "-dc"},
	"busybox":    {"busybox", "gunzip", "-c"},
	"igzip":      {"igzip", "-dc"},
	"libdeflate": {"libdeflate-gunzip", "-c"},
	"bgzip":      {"bgzip", "-dc"},
	"7z":         {"7z", "x", "-so", "-bd", "-tgzip"},
	"bsdcat":     {"bsdcat"},
	"zstd":       {"zstd", "-qdc"},
	"python":     {"python3", "-c", "import gzip, shutil, sys; shutil.copyfileobj(gzip.open(sys.argv[1]), sys.stdout.buffer)"},
	"perl": {
		"perl", "-MIO::Uncompress::Gunzip=gunzip,$GunzipError", "-e",
		"binmode STDOUT; gunzip $ARGV[0] => \\*STDOUT, MultiStream => 1 or die $GunzipError",
	},
}

// packers compress a disk to their output; its path is the last argument.
var packers = map[string][]string{
	"gzip":         {"gzip", "-c"},
	"gzip -1":      {"gzip", "-1c"},
	"gzip -9":      {"gzip", "-9c"},
	"gzip -n":      {"gzip", "-nc"}, // neither name nor time
	"pigz":         {"pigz", "-c"},
	"pigz -9":      {"pigz", "-9c"},
	"pigz -i":      {"pigz", "-ic", "-b", "128"},
	"pigz -0":      {"pigz", "-0c"}, // all blocks are stored
	"pigz -Y":      {"pigz", "-Yc"},
	"busybox":      {"busybox", "gzip", "-c"},
	"igzip -0":     {"igzip", "-0", "-c"},
	"igzip -3":     {"igzip", "-3", "-c"},
	"libdeflate 1": {"libdeflate-gzip", "-1", "-c"},
	"libdeflate 9": {"libdeflate-gzip", "-9", "-c"},
	"bgzip":        {"bgzip", "-c"}, // a member for each 64 KB, and an empty one
	"7z":           {"7z", "a", "-tgzip", "-so", "-bd", "x.gz"},
	"bsdtar":       {"bsdtar", "--format=raw", "-czf", "-"},
	"zstd":         {"zstd", "-qc", "--format=gzip"},
	"zopfli":       {"zopfli", "--i1", "-c"},
	"python":       {"python3", "-c", "import gzip, shutil, sys; shutil.copyfileobj(open(sys.argv[1], 'rb'), gzip.GzipFile('a name', 'wb', 9, sys.stdout.buffer))"},
	"perl": {
		"perl", "-MIO::Compress::Gzip=gzip,$GzipError", "-e",
		"gzip $ARGV[0] => '-', Name => 'a name', Comment => 'by hand', ExtraField => [[AB => 'x' x 3000]] or die $GzipError",
	},
}

// toolCommand returns the command that runs a tool on a file. If the tool is missing, the
// test is skipped, or fails in CI.
func toolCommand(t *testing.T, tool []string, path string) *exec.Cmd {
	t.Helper()
	if _, err := exec.LookPath(tool[0]); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("%v: install the packages that .ci/deps test lists", err)
		}
		t.Skip(err)
	}
	cmd := exec.Command(tool[0], append(tool[1:len(tool):len(tool)], path)...)
	cmd.Stderr = new(bytes.Buffer)
	return cmd
}

// differs compares the output of a command with want, and returns an error if they differ.
func differs(cmd *exec.Cmd, want io.Reader) error {
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	same := equal(out, want)
	_, _ = io.Copy(io.Discard, out) // it must not wait for us
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("%w: %s", err, strings.TrimSpace(fmt.Sprint(cmd.Stderr)))
	}
	return same
}

// equal reads both to their ends, and returns an error if they differ.
func equal(got, want io.Reader) error {
	a, b := make([]byte, mib), make([]byte, mib)
	for at := int64(0); ; at += mib {
		n, errA := io.ReadFull(got, a)
		m, errB := io.ReadFull(want, b)
		if !bytes.Equal(a[:n], b[:m]) {
			return fmt.Errorf("got other bytes, or %d, want %d, from offset %d on", n, m, at)
		}
		if errA != nil || errB != nil {
			return nil
		}
	}
}

// packed writes the output of a command, which compresses a disk, to a file.
func packed(cmd *exec.Cmd, path string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	cmd.Stdout = f
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%w: %s", err, strings.TrimSpace(fmt.Sprint(cmd.Stderr)))
	}
	return nil
}

// holes is a reader of a disk of zeros with the parts at their offsets.
type holes struct {
	size, at int64
	parts    map[int64][]byte
}

func newHoles(size int64, parts map[int64][]byte) *holes { return &holes{size, 0, parts} }

func (h *holes) Read(p []byte) (int, error) {
	p = p[:min(int64(len(p)), h.size-h.at)]
	if len(p) == 0 {
		return 0, io.EOF
	}
	clear(p)
	for off, b := range h.parts {
		if from := max(off, h.at); from < off+int64(len(b)) && from < h.at+int64(len(p)) {
			copy(p[from-h.at:], b[from-off:])
		}
	}
	h.at += int64(len(p))
	return len(p), nil
}

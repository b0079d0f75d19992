package debian

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"vmterminal/snapshot/durable"
	"vmterminal/vm/home"
)

// packages lists the packages to install in addition to the essential ones: those that
// booting, the network and our agent need, and some basic tools.
const packages = "linux-image-cloud-amd64,initramfs-tools,grub-pc-bin," +
	"systemd-sysv,udev,dbus,libpam-systemd,systemd-resolved,systemd-timesyncd,kmod," +
	"openssh-server,ca-certificates,netbase,iproute2,iputils-ping,e2fsprogs,fdisk,procps,less,nano,zstd"

// build holds the inputs for building one disk.
type build struct {
	release string
	mirrors mirrors
	proxy   []string // environment with the proxy settings
	overlay []byte
}

// script returns the commands to run in the new system after the installation.
func (b *build) script() string {
	lines := strings.Join(b.mirrors.forGuest().sourceLines(b.release), "\n")
	return customize + "cat >\"$root/etc/apt/sources.list\" <<'END'\n" + lines + "\nEND\n"
}

// writeDisk builds the disk and moves it to path, durably.
func (b *build) writeDisk(ctx context.Context, path string, p Progress) error {
	p.Phase(PhaseAsk, 0)
	if err := b.checkMirror(ctx); err != nil {
		return err
	}
	work, err := os.MkdirTemp(filepath.Dir(path), home.DebianWorkPrefix(b.release)+"*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	files := filepath.Join(work, "root.tar")
	if err := b.bootstrap(ctx, work, files, p); err != nil {
		return err
	}
	p.Phase(PhaseDisk, 0)
	disk := filepath.Join(work, "disk")
	if err := makeDisk(ctx, work, files, disk); err != nil {
		return err
	}
	f, err := os.OpenFile(disk, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := durable.SyncFile(f); err != nil {
		return err
	}
	if err := os.Rename(disk, path); err != nil {
		return err
	}
	return durable.SyncDir(filepath.Dir(path))
}

// bootstrap installs the packages and writes the new system's files to a tar archive.
func (b *build) bootstrap(ctx context.Context, work, files string, p Progress) error {
	extra := filepath.Join(work, "overlay.tar")
	if err := os.WriteFile(extra, b.overlay, durable.FileMode); err != nil {
		return err
	}
	args := []string{
		"--variant=minbase", "--format=tar", "--architectures=amd64", "--components=main", "--include=" + packages,
		// These files come before the packages, because the initial RAM disk depends on
		// fstab.
		"--essential-hook=tar-in '" + strings.ReplaceAll(extra, "'", `'\''`) + "' /",
		"--customize-hook=" + b.script(),
		b.release, files,
	}
	cmd := toolCommand(ctx, "mmdebstrap", append(args, b.mirrors.sourceLines(b.release)...)...)
	cmd.Env = toolEnv(b.proxy...)
	if useOwnMountNamespace(cmd) {
		cmd.Env = append(cmd.Env, "TMPDIR="+work) // the next build removes leftovers in it
	}
	parser := &outputParser{p: p}
	cmd.Stdout, cmd.Stderr = io.Discard, parser
	if err := cmd.Run(); err != nil {
		return parser.wrapFailure(ctx, "mmdebstrap", err)
	}
	return nil
}

// exitTimeout is how long an interrupted tool may take to exit.
const exitTimeout = 30 * time.Second

// toolCommand returns a command in its own process group. When ctx ends, the whole group is
// interrupted, as by Ctrl+C in a terminal.
func toolCommand(ctx context.Context, name string, args ...string) *exec.Cmd {
	path, err := findTool(name)
	if err != nil {
		path = name // Start returns a better error
	}
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Env = toolEnv()
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGINT) }
	cmd.WaitDelay = exitTimeout
	return cmd
}

// phases maps prefixes of mmdebstrap's messages to phases.
var phases = []struct{ prefix, phase string }{
	{"I: running apt-get update", PhaseLists},
	{"I: downloading packages", PhaseDownload},
	{"I: extracting archives", PhaseUnpack},
	{"I: installing", PhaseInstall},
	{"I: running --customize-hook", PhaseBoot},
	{"I: creating tarball", PhasePack},
}

// maxStoredLines is how many of a tool's last lines are stored to explain a failure.
const maxStoredLines = 40

// outputParser reads mmdebstrap's messages line by line and reports the phases.
type outputParser struct {
	p       Progress
	partial string
	lines   []string
}

func (t *outputParser) Write(b []byte) (int, error) {
	scan := bufio.NewScanner(strings.NewReader(t.partial + string(b)))
	scan.Split(splitWholeLines)
	t.partial = ""
	for scan.Scan() {
		line, whole := strings.CutSuffix(scan.Text(), "\n")
		if !whole {
			t.partial = line
			break
		}
		t.handleLine(strings.TrimSpace(line[strings.LastIndexByte(line, '\r')+1:]))
	}
	return len(b), nil
}

// splitWholeLines is a [bufio.SplitFunc] for lines that keep their newline.
func splitWholeLines(data []byte, atEnd bool) (int, []byte, error) {
	if at := strings.IndexByte(string(data), '\n'); at >= 0 {
		return at + 1, data[:at+1], nil
	}
	if atEnd && len(data) > 0 {
		return len(data), data, nil
	}
	return 0, nil, nil
}

func (t *outputParser) handleLine(line string) {
	if line == "" {
		return
	}
	for _, p := range phases {
		if strings.HasPrefix(line, p.prefix) {
			t.p.Phase(p.phase, 0)
		}
	}
	if t.lines = append(t.lines, line); len(t.lines) > maxStoredLines {
		t.lines = t.lines[1:]
	}
}

// wrapFailure returns a one-line error for a failed tool.
func (t *outputParser) wrapFailure(ctx context.Context, name string, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	reason := ""
	for _, line := range append(t.lines, t.partial) {
		if strings.Contains(line, "No space left on device") {
			return fmt.Errorf("%s: %w", name, syscall.ENOSPC)
		}
		if rest, ok := strings.CutPrefix(line, "E: "); ok && (reason == "" || !strings.Contains(rest, "failed")) {
			reason = rest
		}
	}
	if reason == "" {
		return fmt.Errorf("%s: %w", name, err)
	}
	return fmt.Errorf("%s: %w", name, errors.New(reason))
}

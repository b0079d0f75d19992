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

	"vmterminal/app/ondisk"
)

// packages are what is installed beside the essential ones: what boots, what the
// network and this program need, and the little that a person at a terminal
// expects.
const packages = "linux-image-cloud-amd64,initramfs-tools,grub-pc-bin," +
	"systemd-sysv,udev,dbus,libpam-systemd,systemd-resolved,systemd-timesyncd,kmod," +
	"openssh-server,ca-certificates,netbase,iproute2,iputils-ping,e2fsprogs,fdisk,procps,less,nano,zstd"

// A build is one disk to be made.
type build struct {
	release string
	mirrors mirrors
	proxy   []string // the environment by which the mirrors are reached
	overlay []byte
}

// script is what is done to the new system when all is installed.
func (b *build) script() string {
	lines := strings.Join(b.mirrors.forGuest().lines(b.release), "\n")
	return customize + "cat >\"$root/etc/apt/sources.list\" <<'END'\n" + lines + "\nEND\n"
}

// into makes the disk and puts it at path, durably.
func (b *build) into(ctx context.Context, path string, p Progress) error {
	p.Phase(PhaseAsk, 0)
	if err := b.askMirror(ctx); err != nil {
		return err
	}
	work, err := os.MkdirTemp(filepath.Dir(path), ondisk.DebianWork(b.release)+"*")
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
	if err := ondisk.SyncFile(f); err != nil {
		return err
	}
	if err := os.Rename(disk, path); err != nil {
		return err
	}
	return ondisk.SyncDir(filepath.Dir(path))
}

// bootstrap installs the packages and leaves the new system's files in a tar
// archive.
func (b *build) bootstrap(ctx context.Context, work, files string, p Progress) error {
	extra := filepath.Join(work, "overlay.tar")
	if err := os.WriteFile(extra, b.overlay, ondisk.FileMode); err != nil {
		return err
	}
	args := []string{
		"--variant=minbase", "--format=tar", "--architectures=amd64", "--components=main", "--include=" + packages,
		// Before the packages: the initial RAM disk is made for this fstab.
		"--essential-hook=tar-in '" + strings.ReplaceAll(extra, "'", `'\''`) + "' /",
		"--customize-hook=" + b.script(),
		b.release, files,
	}
	cmd := tool(ctx, "mmdebstrap", append(args, b.mirrors.lines(b.release)...)...)
	cmd.Env = toolEnv(b.proxy...)
	if withOwnMounts(cmd) {
		cmd.Env = append(cmd.Env, "TMPDIR="+work) // which the next build sweeps
	}
	said := &teller{p: p}
	cmd.Stdout, cmd.Stderr = io.Discard, said
	if err := cmd.Run(); err != nil {
		return said.explain(ctx, "mmdebstrap", err)
	}
	return nil
}

// endLimit is what a tool that was told to end may take for it.
const endLimit = 30 * time.Second

// tool is a command of its own process group, which is interrupted as a whole
// when ctx ends, as by a person at its terminal.
func tool(ctx context.Context, name string, args ...string) *exec.Cmd {
	path, err := findTool(name)
	if err != nil {
		path = name // which fails with a better word at the start
	}
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Env = toolEnv()
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGINT) }
	cmd.WaitDelay = endLimit
	return cmd
}

// phases are by the beginning of what mmdebstrap says.
var phases = []struct{ says, phase string }{
	{"I: running apt-get update", PhaseLists},
	{"I: downloading packages", PhaseDownload},
	{"I: extracting archives", PhaseUnpack},
	{"I: installing", PhaseInstall},
	{"I: running --customize-hook", PhaseBoot},
	{"I: creating tarball", PhasePack},
}

// keptLines is how many of a tool's last lines are kept to tell why it failed.
const keptLines = 40

// A teller reads what mmdebstrap says, line by line.
type teller struct {
	p       Progress
	partial string
	lines   []string
}

func (t *teller) Write(b []byte) (int, error) {
	scan := bufio.NewScanner(strings.NewReader(t.partial + string(b)))
	scan.Split(wholeLines)
	t.partial = ""
	for scan.Scan() {
		line, whole := strings.CutSuffix(scan.Text(), "\n")
		if !whole {
			t.partial = line
			break
		}
		t.line(strings.TrimSpace(line[strings.LastIndexByte(line, '\r')+1:]))
	}
	return len(b), nil
}

// wholeLines splits after each newline, and leaves it there.
func wholeLines(data []byte, atEnd bool) (int, []byte, error) {
	if at := strings.IndexByte(string(data), '\n'); at >= 0 {
		return at + 1, data[:at+1], nil
	}
	if atEnd && len(data) > 0 {
		return len(data), data, nil
	}
	return 0, nil, nil
}

func (t *teller) line(line string) {
	if line == "" {
		return
	}
	for _, is := range phases {
		if strings.HasPrefix(line, is.says) {
			t.p.Phase(is.phase, 0)
		}
	}
	if t.lines = append(t.lines, line); len(t.lines) > keptLines {
		t.lines = t.lines[1:]
	}
}

// explain makes one line of a tool's failure.
func (t *teller) explain(ctx context.Context, name string, err error) error {
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

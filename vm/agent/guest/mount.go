//go:build linux

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"

	"vmterminal/vm/agent/wire"
)

// modules9p are the modules that a kernel without built-in 9p needs.
var modules9p = []string{"9pnet_virtio", "9p"}

// mountShares mounts shared folders and returns an error text, or "", for each of them.
func mountShares(ctx context.Context, mounts []wire.Mount) ([]string, error) {
	if len(mounts) > wire.MaxMounts {
		return nil, &wire.Error{Code: wire.CodeFailed, Text: "too many shared folders"}
	}
	problems := make([]string, len(mounts))
	for i, m := range mounts {
		if err := mountShare(ctx, m); err != nil {
			problems[i] = err.Error()
		}
	}
	return problems, nil
}

func mountShare(ctx context.Context, m wire.Mount) error {
	if err := m.Check(); err != nil {
		return err
	}
	if mounted, err := isMounted(m); err != nil || mounted {
		return err
	}
	if err := ensure9p(ctx); err != nil {
		return err
	}
	if err := os.MkdirAll(m.Dir, 0o755); err != nil { //nolint:gosec // for all users of the guest
		return err
	}
	// Set-user-ID programs and devices in a share must not affect the guest.
	flags := uintptr(syscall.MS_NOSUID | syscall.MS_NODEV)
	if m.ReadOnly {
		flags |= syscall.MS_RDONLY
	}
	err := syscall.Mount(m.Tag, m.Dir, "9p", flags, "trans=virtio,version=9p2000.L,msize=262144")
	if errors.Is(err, syscall.ENOENT) {
		return errors.New("not shared by the running QEMU: restart the VM")
	}
	if err != nil {
		return fmt.Errorf("mount on %s: %w", m.Dir, err)
	}
	return nil
}

// ensure9p makes sure that the kernel supports 9p.
func ensure9p(ctx context.Context) error {
	if known, err := has9p(); err != nil || known {
		return err
	}
	for _, module := range modules9p {
		_ = exec.CommandContext(ctx, "modprobe", "-q", module).Run() // the result is checked below
	}
	known, err := has9p()
	if err == nil && !known {
		err = errors.New("the guest's kernel does not support 9p")
	}
	return err
}

func has9p() (bool, error) {
	types, err := os.ReadFile("/proc/filesystems")
	return strings.Contains(string(types), "\t9p\n"), err
}

// isMounted reports whether the folder is already mounted. It returns an error if
// something else is mounted there.
func isMounted(m wire.Mount) (bool, error) {
	f, err := os.Open("/proc/self/mounts")
	if err != nil {
		return false, err
	}
	defer f.Close()
	escape := strings.NewReplacer(" ", `\040`, "\t", `\011`, "\n", `\012`, `\`, `\134`)
	last := ""
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if field := strings.Fields(lines.Text()); len(field) > 2 && field[1] == escape.Replace(m.Dir) {
			last = field[0]
		}
	}
	if last != "" && last != m.Tag {
		return false, fmt.Errorf("something else is mounted on %s", m.Dir)
	}
	return last == m.Tag, nil
}

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

// nineModules is what a kernel that has 9p only as modules needs.
var nineModules = []string{"9pnet_virtio", "9p"}

// mountAll mounts the host's folders and tells of each why not, or "".
func mountAll(ctx context.Context, mounts []wire.Mount) ([]string, error) {
	if len(mounts) > wire.MaxMounts {
		return nil, &wire.Error{Code: wire.CodeFailed, Text: "too many shared folders"}
	}
	problems := make([]string, len(mounts))
	for i, m := range mounts {
		if err := mountOne(ctx, m); err != nil {
			problems[i] = err.Error()
		}
	}
	return problems, nil
}

func mountOne(ctx context.Context, m wire.Mount) error {
	if err := m.Check(); err != nil {
		return err
	}
	if mounted, err := isMounted(m); err != nil || mounted {
		return err
	}
	if err := haveNine(ctx); err != nil {
		return err
	}
	if err := os.MkdirAll(m.Dir, 0o755); err != nil { //nolint:gosec // a place for all of the guest's users
		return err
	}
	// The host is trusted by its guest, but not by all of the guest's users.
	flags := uintptr(syscall.MS_NOSUID | syscall.MS_NODEV)
	if m.ReadOnly {
		flags |= syscall.MS_RDONLY
	}
	err := syscall.Mount(m.Tag, m.Dir, "9p", flags, "trans=virtio,version=9p2000.L,msize=262144")
	if errors.Is(err, syscall.ENOENT) {
		return errors.New("this QEMU does not share it: restart the VM")
	}
	if err != nil {
		return fmt.Errorf("mounting it on %s: %w", m.Dir, err)
	}
	return nil
}

// haveNine makes sure that the kernel knows 9p.
func haveNine(ctx context.Context) error {
	if known, err := knowsNine(); err != nil || known {
		return err
	}
	for _, module := range nineModules {
		_ = exec.CommandContext(ctx, "modprobe", "-q", module).Run() // what came of it is looked at
	}
	known, err := knowsNine()
	if err == nil && !known {
		err = errors.New("the guest's kernel has no 9p")
	}
	return err
}

func knowsNine() (bool, error) {
	types, err := os.ReadFile("/proc/filesystems")
	return strings.Contains(string(types), "\t9p\n"), err
}

// isMounted tells whether the folder is mounted there already; something else
// there is an error.
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

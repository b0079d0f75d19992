package home

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"vmterminal/snapshot/durable"
)

// fstabPath is a variable so that tests can replace it.
var fstabPath = "/etc/fstab"

// CheckMounted returns [durable.ErrNotMounted] if the store seems to be on a file system that
// is not mounted: the store, its data folder or its list of VMs is a dangling symbolic link,
// the parent folder is missing, or /etc/fstab lists a mount point on its path where nothing
// is mounted. If the list of VMs exists, it returns nil.
func (h Dir) CheckMounted() error {
	if _, err := os.Stat(h.VMs()); err == nil {
		return nil
	}
	parent := filepath.Dir(string(h))
	for _, path := range []string{parent, string(h), h.Data(), h.VMs()} {
		if err := durable.CheckLink(path); err != nil {
			return err
		}
	}
	if _, err := os.Stat(parent); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s: %w: folder %s does not exist", h, durable.ErrNotMounted, parent)
	}
	fstab, _ := os.ReadFile(fstabPath)
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil //nolint:nilerr // not Linux
	}
	path := string(h)
	if resolved, err := filepath.EvalSymlinks(path); err == nil {
		path = resolved
	}
	if point := unmountedPoint(string(fstab), string(mounts), path); point != "" {
		return fmt.Errorf("%s: %w: nothing is mounted at %s", h, durable.ErrNotMounted, point)
	}
	return nil
}

// unmountedPoint returns the mount point in fstab that contains path, or "" if fstab has no
// such mount point or something is mounted there according to mountinfo.
func unmountedPoint(fstab, mountinfo, path string) string {
	mounted := map[string]bool{}
	for line := range strings.Lines(mountinfo) {
		if fields := strings.Fields(line); len(fields) > 4 {
			mounted[unescapeMount(fields[4])] = true
		}
	}
	for line := range strings.Lines(fstab) {
		fields := strings.Fields(line)
		if len(fields) < 3 || strings.HasPrefix(fields[0], "#") {
			continue
		}
		point := filepath.Clean(unescapeMount(fields[1]))
		if filepath.IsAbs(point) && point != "/" && !mounted[point] && (path == point || strings.HasPrefix(path, point+"/")) {
			return point
		}
	}
	return ""
}

// unescapeMount decodes the octal escapes in a path from fstab or mountinfo.
func unescapeMount(path string) string {
	return strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`).Replace(path)
}
